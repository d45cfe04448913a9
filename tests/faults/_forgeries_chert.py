"""Forgeries of Chert's webhooks, in both forms of the header and under both of its names (chert-contract.md, 4.3)."""

import hmac
from dataclasses import replace
from typing import Final

from _forgeries import TOLERANCE_SECONDS, Forge, Forger, Request
from _ingress_deliveries import Delivery, Headers

TODAY: Final = b"X-Webhook-Signature"
OLDER: Final = b"x-chert-signature"

STRANGE_TIMESTAMPS: Final = (
    "1e3",
    "NaN",
    "inf",
    "-1",
    "0",
    "",
    "0x1a2",
    "9" * 400,
    "1" + "0" * 19,
    "٣" * 10,
    "²" * 10,
)


def kinds(forger: Forger) -> dict[str, Forge]:
    """Every kind, by name."""
    forgeries = _Chert(forger)
    return {f"chert {name.replace('_', ' ')}": getattr(forgeries, name) for name in _NAMES}


class _Chert:
    """One method for each kind."""

    def __init__(self, forger: Forger) -> None:
        self._forger, self._tools = forger, forger.tools

    def flipped_header(self) -> Request:
        delivery, name, value = self._signed()
        return self._sent(delivery, [(name, self._tools.flipped(value))], "header bit")

    def flipped_body(self) -> Request:
        delivery, name, value = self._signed()
        body = self._tools.flipped(delivery.body())
        return replace(self._sent(delivery, [(name, value)], "body bit"), body=body)

    def outdated(self) -> Request:
        moment = self._tools.seconds(self._tools.outdated())
        return self._timed(moment, "old, or from the future")

    def outdated_by_a_little(self) -> Request:
        """Between the window and the twice as long one of the vendor's sample."""
        moment = self._tools.seconds(TOLERANCE_SECONDS + self._tools.random.uniform(2, TOLERANCE_SECONDS - 10))
        return self._timed(moment, "old by less than the sample allows")

    def outdated_with_a_fresh_clock(self) -> Request:
        moment = self._tools.seconds(self._tools.outdated())
        request = self._timed(moment, "old, with a fresh X-Webhook-Timestamp")
        now = self._tools.seconds().encode()
        return replace(request, headers=[*request.headers, (b"X-Webhook-Timestamp", now)])

    def changed_timestamp(self) -> Request:
        delivery = self._forger.chert_delivery()
        signed, now = self._tools.seconds(86_400).encode(), self._tools.seconds().encode()
        _, value = self._header(delivery, signed.decode())
        return self._sent(delivery, [(TODAY, value.replace(signed, now))], "another timestamp than was signed")

    def strange_timestamp(self) -> Request:
        now = self._tools.seconds()
        choices = (*STRANGE_TIMESTAMPS, f"+{now}", f"{now}.0", f"-{now}", f"{now[:3]}_{now[3:]}", f"{now}000")
        return self._timed(self._tools.random.choice(choices), "timestamp that is no moment")

    def missing(self) -> Request:
        empty = [(self._tools.random.choice((TODAY, OLDER)), b"")]
        return self._sent(self._forger.chert_delivery(), self._tools.random.choice(([], empty)), "header missing")

    def twice(self) -> Request:
        delivery, name, value = self._signed()
        other = (name.lower(), self._tools.random.choice((value, value[::-1], b"t=1,v1=0")))
        return self._sent(delivery, self._tools.random.sample([(name, value), other], 2), "header twice")

    def right_one_beside_a_wrong_one(self) -> Request:
        delivery, _, value = self._signed()
        return self._sent(delivery, [(TODAY, self._tools.flipped(value)), (OLDER, value)], "a right one beside")

    def not_ascii(self) -> Request:
        delivery, name, value = self._signed()
        noise = bytes(self._tools.random.randrange(128, 256) for _ in range(self._tools.random.randint(1, 60)))
        return self._sent(
            delivery, [(name, self._tools.random.choice((noise, value + noise, noise + value)))], "not ASCII"
        )

    def other_form(self) -> Request:
        delivery, now = self._forger.chert_delivery(), self._tools.seconds()
        digest = self._digest(delivery, now)
        forms = (
            f"v1={digest},t={now}",
            f"t={now}, v1={digest}",
            f"t={now};v1={digest}",
            f"t={now},v1={digest.upper()}",
            f"t={now},v0={digest}",
            f"t={now},v1={'0' * 64},v1={digest}",
            f"t={now},v1={digest},v1={digest}",
            f"t={now},t={now},v1={digest}",
            f"t={now},v1={digest}0",
            f"t={now},v1={digest[:32]}",
            f"t={now},v1=",
            f"T={now},V1={digest}",
            f"v1,{now},{digest.upper()}",
            f"v1, {now}, {digest}",
            f"v2,{now},{digest}",
            f"v1,{digest},{now}",
            f"{now},{digest}",
            f"sha256={digest}",
            digest,
        )
        name = self._tools.random.choice((TODAY, OLDER))
        return self._sent(delivery, [(name, self._tools.random.choice(forms).encode())], "another form")

    def without_its_timestamp(self) -> Request:
        """A digest over the body alone, as many other senders make it."""
        delivery, now = self._forger.chert_delivery(), self._tools.seconds()
        digest = hmac.digest(self._tools.signer.chert_secret, delivery.body(), "sha256").hex()
        return self._sent(delivery, [(TODAY, f"t={now},v1={digest}".encode())], "signed without a timestamp")

    def other_secret(self) -> Request:
        secret = self._tools.signer.chert_secret
        wrong = (b"", secret.upper(), secret[:-1], secret + b"\n", bytes.fromhex(secret.decode()))
        choices = (*wrong, self._tools.signer.hubspot_secret)
        signer = replace(self._tools.signer, chert_secret=self._tools.random.choice(choices))
        delivery = self._forger.chert_delivery()
        headers = signer.chert(delivery.body(), self._tools.seconds(), older=self._older())
        return self._sent(delivery, headers, "another secret")

    def other_body(self) -> Request:
        delivery, name, value = self._signed()
        other = self._forger.chert_delivery().body() + b" "
        return replace(self._sent(delivery, [(name, value)], "signature of another body"), body=other)

    def rewritten_body(self) -> Request:
        delivery, name, value = self._signed()
        body = delivery.body()
        forms = (body + b"\n", b" " + body, body.replace(b", ", b","), body.replace("ü".encode(), b"\\u00fc"), b"")
        changed = self._tools.random.choice([form for form in forms if form != body])
        return replace(self._sent(delivery, [(name, value)], "the same JSON in other bytes"), body=changed)

    def signed_by_hubspot(self) -> Request:
        delivery = self._forger.chert_delivery()
        headers = self._tools.signer.hubspot("POST", delivery.target, delivery.body(), self._tools.milliseconds())
        return self._sent(delivery, headers, "HubSpot's signature")

    def _signed(self) -> tuple[Delivery, bytes, bytes]:
        delivery = self._forger.chert_delivery()
        return (delivery, *self._header(delivery, self._tools.seconds()))

    def _header(self, delivery: Delivery, timestamp: str) -> tuple[bytes, bytes]:
        return self._tools.signer.chert(delivery.body(), timestamp, older=self._older())[0]

    def _timed(self, timestamp: str, kind: str) -> Request:
        delivery = self._forger.chert_delivery()
        return self._sent(delivery, [self._header(delivery, timestamp)], kind)

    def _digest(self, delivery: Delivery, timestamp: str) -> str:
        text = timestamp.encode() + b"." + delivery.body()
        return hmac.digest(self._tools.signer.chert_secret, text, "sha256").hex()

    def _older(self) -> bool:
        return self._tools.random.random() < 0.5

    def _sent(self, delivery: Delivery, headers: Headers, kind: str) -> Request:
        target, body = delivery.target.encode(), delivery.body()
        return Request(f"chert: {kind}", b"POST", target, headers, body, delivery.facts)


_NAMES: Final = tuple(name for name in vars(_Chert) if not name.startswith("_"))
