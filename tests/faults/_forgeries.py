"""Requests that no sender signed: every one is a request that was signed, and one thing about it changed.

What decides is what is acted upon. An empty query and a fragment are no part of that, and neither are two ways to write
a URL that the signature itself does not tell apart; so they are no forgeries, and are not made here.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from _ingress_deliveries import Delivery, Fact, Headers, Makers, Signer

TOLERANCE_SECONDS: Final = 300
MARGIN_SECONDS: Final = 10
"""What a valid request and one from the future keep away from the tolerance: time goes on while they are on the way."""
FORGED_ACCOUNT: Final = 500_000_000
BODIES: Final = 400
"""How many different bodies forgeries are made from; valid requests have one each."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent.

    Attributes:
        kind: what is wrong with it; `valid` if nothing is.
        target: path and query.
        facts: what would be in Kafka if it were taken.
    """

    kind: str
    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    facts: tuple[Fact, ...] = field(default=(), compare=False)

    def header(self, name: bytes) -> bytes | None:
        """The value of a header that came once; one that came twice proves nothing."""
        found = [value for known, value in self.headers if known.lower() == name]
        return found[0] if len(found) == 1 else None


VALID_QUERIES: Final = (
    ("", ""),
    ("?a=b%20c&d=%2B1", "?a=b%20c&d=%2B1"),
    ("?a=jo%40acme.test", "?a=jo@acme.test"),
    ("?a=%2521&b=%3A%2F%3F", "?a=%2521&b=:/?"),
)
"""What a URL ends in as it is sent, and as HubSpot signs it: twelve codes decoded, once (hubspot-contract.md, 2)."""

Forge = Callable[[], Request]
"""Makes one forgery of a kind."""


@dataclass(frozen=True)
class Tools:
    """What forging needs.

    Attributes:
        now: the present, in Unix seconds.
    """

    signer: Signer
    random: Random
    now: Callable[[], float]

    def milliseconds(self, seconds_ago: float = 0.0) -> str:
        """A moment as HubSpot writes it."""
        return str(int((self.now() - seconds_ago) * 1000))

    def seconds(self, seconds_ago: float = 0.0) -> str:
        """A moment as Chert writes it."""
        return str(int(self.now() - seconds_ago))

    def outdated(self) -> float:
        """An age, in seconds, at which a signature must not be taken any more; negative if it lies ahead."""
        beyond = self.random.choice((MARGIN_SECONDS, 150, 3_600, 86_400 * 365)) + self.random.random()
        return self.random.choice((1, -1)) * (TOLERANCE_SECONDS + beyond)

    def recent(self) -> float:
        """An age, in seconds, at which a signature has to be taken; negative if it lies ahead."""
        return self.random.uniform(MARGIN_SECONDS - TOLERANCE_SECONDS, TOLERANCE_SECONDS - MARGIN_SECONDS)

    def flipped(self, text: bytes) -> bytes:
        """The same with one bit changed."""
        place, bit = self.random.randrange(len(text)), 1 << self.random.randrange(8)
        return text[:place] + bytes([text[place] ^ bit]) + text[place + 1 :]


class Forger:
    """Makes valid requests, and forgeries of each kind in turn."""

    def __init__(self, tools: Tools, kinds: Sequence[Callable[["Forger"], dict[str, Forge]]]) -> None:
        self.tools = tools
        self._valid = Makers(tools.random)
        makers = Makers(tools.random, first_account=FORGED_ACCOUNT)
        self._hubspot = [
            made for number in range(BODIES) for made in [makers.contacts(1) if number % 2 else makers.uninstalls(1)]
        ]
        self._chert = [makers.chert() for _ in range(BODIES)]
        self.kinds = {name: forge for group in kinds for name, forge in group(self).items()}
        self._turns: Iterator[tuple[str, Forge]] = itertools.cycle(self.kinds.items())

    def valid(self) -> Request:
        """A request that has to be taken; of some age, and from either sender."""
        delivery, tools = self._valid.any(), self.tools
        body, moment = delivery.body(), tools.now() - tools.recent()
        sent, signed = tools.random.choice(VALID_QUERIES) if delivery.sender == "hubspot" else ("", "")
        headers = tools.signer.sign(replace(delivery, target=delivery.target + signed), body, moment)
        return Request("valid", b"POST", (delivery.target + sent).encode(), headers, body, delivery.facts)

    def forged(self) -> Request:
        """A request that must not be taken, of the next kind."""
        _, forge = next(self._turns)
        return forge()

    def all(self, count: int, share_of_valid: float) -> Iterator[Request]:
        """So many, some of them valid."""
        for _ in range(count):
            yield self.valid() if self.tools.random.random() < share_of_valid else self.forged()

    def hubspot_delivery(self) -> Delivery:
        """Something that HubSpot could have signed."""
        return self.tools.random.choice(self._hubspot)

    def chert_delivery(self) -> Delivery:
        """Something that Chert could have signed."""
        return self.tools.random.choice(self._chert)
