"""Forgeries of HubSpot's requests (hubspot-contract.md, section 2)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from _forgeries import Forge, Forger, Request
from _ingress_deliveries import CONTACTS, UNINSTALL, Delivery, Headers

SIGNATURE: Final = b"X-HubSpot-Signature-v3"
TIMESTAMP: Final = b"X-HubSpot-Request-Timestamp"

STRANGE_TIMESTAMPS: Final = (
    "1e3",
    "1.795e12",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "-1",
    "0",
    "0x1a2",
    "null",
    "true",
    "9" * 400,
    "1" + "0" * 19,
    "-" + "9" * 30,
)
OTHER_PLACES: Final = (
    "https://evil.example",
    "http://evil.example",
    "https://localhost",
    "http://localhost",
    "http://127.0.0.1",
    "",
)
QUERIES: Final = (
    ("a=b&c=d", "c=d&a=b"),
    ("a=b&c=d", "a=b"),
    ("a=b", "a=b&a=c"),
    ("a=b", ""),
    ("", "a=b"),
    ("a=b", "A=b"),
    ("a=b", "a=b%20"),
    ("a=b", "a=b&"),
    ("a=b%20c", "a=b+c"),
    ("a=b+c", "a=b%2Bc"),
    ("a=b%26c=d", "a=b&c=d"),
    ("a=b%3Dc", "a=b=c"),
    ("a=b%25c", "a=b%c"),
    ("a=b:c", "a=b%3ac"),
    ("a=b:c", "a=b%253Ac"),
    ("a=b/c", "a=b%2fc"),
    ("a=b@c", "a=b%2540c"),
)
"""What is signed, as HubSpot's rule leaves it, and what is sent and does not come to the same."""
FOREIGN_ZEROS: Final = "\N{ARABIC-INDIC DIGIT ZERO}\N{FULLWIDTH DIGIT ZERO}\N{DEVANAGARI DIGIT ZERO}"
ENCODED: Final = ("a=b%3Ac", "a=b%2Fc", "a=jo%40acme.test", "a=%21%24%27%28%29%2A%2C%3B", "a=b%3Fc%3A%20d")
"""What is sent so, and signed as if nothing were decoded; the rule decodes these codes."""


def kinds(forger: Forger) -> dict[str, Forge]:
    """Every kind, by name."""
    forgeries = _HubSpot(forger)
    return {f"hubspot {name.replace('_', ' ')}": getattr(forgeries, name) for name in _NAMES}


class _HubSpot:
    """One method for each kind."""

    def __init__(self, forger: Forger) -> None:
        self._forger, self._tools = forger, forger.tools

    def flipped_signature(self) -> Request:
        delivery, headers = self._signed()
        return self._sent(delivery, [(SIGNATURE, self._tools.flipped(headers[0][1])), headers[1]], "signature bit")

    def flipped_timestamp(self) -> Request:
        delivery, headers = self._signed()
        return self._sent(delivery, [headers[0], (TIMESTAMP, self._tools.flipped(headers[1][1]))], "timestamp bit")

    def flipped_body(self) -> Request:
        delivery, headers = self._signed()
        return replace(self._sent(delivery, headers, "body bit"), body=self._tools.flipped(delivery.body()))

    def flipped_target(self) -> Request:
        delivery, headers = self._signed()
        target = delivery.target.encode()
        return replace(self._sent(delivery, headers, "target bit"), target=target[:1] + self._tools.flipped(target[1:]))

    def other_method(self) -> Request:
        method = self._tools.random.choice(("GET", "PUT", "PATCH", "DELETE", "post", "Post", ""))
        delivery = self._forger.hubspot_delivery()
        headers = self._tools.signer.hubspot(method, delivery.target, delivery.body(), self._tools.milliseconds())
        return self._sent(delivery, headers, "signed for another method")

    def sent_by_another_method(self) -> Request:
        delivery, headers = self._signed()
        method = self._tools.random.choice((b"PUT", b"PATCH", b"DELETE"))
        return replace(self._sent(delivery, headers, "sent by another method"), method=method)

    def other_place(self) -> Request:
        place = self._tools.random.choice(OTHER_PLACES)
        signer = replace(self._tools.signer, base_url=place)
        delivery = self._forger.hubspot_delivery()
        headers = signer.hubspot("POST", delivery.target, delivery.body(), self._tools.milliseconds())
        scheme, _, host = place.encode().partition(b"://")
        claims = [(b"X-Forwarded-Host", host), (b"X-Forwarded-Proto", scheme), (b"X-Original-Host", host)]
        return self._sent(delivery, [*headers, *claims], "signed for another scheme or host")

    def other_route(self) -> Request:
        delivery, headers = self._signed()
        target = CONTACTS if delivery.target == UNINSTALL else UNINSTALL
        changed = self._tools.random.choice((target, delivery.target + "/", delivery.target.upper(), "/" + target))
        return replace(self._sent(delivery, headers, "signed for another path"), target=changed.encode())

    def other_query(self) -> Request:
        signed, sent = self._tools.random.choice(QUERIES)
        return self._with_query(signed, sent, "another query than was signed")

    def not_decoded(self) -> Request:
        sent = self._tools.random.choice(ENCODED)
        return self._with_query(sent, sent, "signed without decoding")

    def outdated(self) -> Request:
        return self._timed(self._tools.milliseconds(self._tools.outdated()), "old, or from the future")

    def strange_timestamp(self) -> Request:
        now = self._tools.milliseconds()
        choices = (*STRANGE_TIMESTAMPS, f"+{now}", f"{now}.0", f"0{now}", f"{now[:4]}_{now[4:]}", f"-{now}", now[:10])
        return self._timed(self._tools.random.choice(choices), "timestamp that is no moment")

    def foreign_digits(self) -> Request:
        now, zero = self._tools.milliseconds(), self._tools.random.choice(FOREIGN_ZEROS)
        digits = "".join(chr(ord(zero) + int(digit)) for digit in now)
        return self._timed(self._tools.random.choice((digits, now[:-1] + "²")), "digits that are not ASCII")

    def moved_boundary(self) -> Request:
        """The last digit of what was signed as the body goes to the front of the timestamp."""
        delivery, now = self._forger.hubspot_delivery(), self._tools.milliseconds()
        headers = self._tools.signer.hubspot("POST", delivery.target, delivery.body() + b"0", now)
        return self._sent(delivery, [headers[0], (TIMESTAMP, b"0" + now.encode())], "body's end in the timestamp")

    def missing(self) -> Request:
        delivery, headers = self._signed()
        left = self._tools.random.choice(([], headers[:1], headers[1:], [(SIGNATURE, b""), headers[1]]))
        return self._sent(delivery, left, "header missing")

    def twice(self) -> Request:
        delivery, headers = self._signed()
        which = self._tools.random.randrange(2)
        name, value = headers[which]
        other = (name.lower(), self._tools.random.choice((value, value[::-1], b"0")))
        return self._sent(delivery, self._tools.random.sample([*headers, other], 3), "header twice")

    def not_ascii(self) -> Request:
        delivery, headers = self._signed()
        noise = bytes(self._tools.random.randrange(128, 256) for _ in range(self._tools.random.randint(1, 60)))
        which = self._tools.random.randrange(2)
        place = self._tools.random.choice((noise, headers[which][1] + noise, noise + headers[which][1]))
        headers[which] = (headers[which][0], place)
        return self._sent(delivery, headers, "header that is not ASCII")

    def other_form(self) -> Request:
        delivery, (signature, timestamp) = self._signed()
        value = self._tools.random.choice(_forms(signature[1]))
        if value == signature[1]:  # it has none of the letters that this form writes otherwise
            value = value[:-1]
        return self._sent(delivery, [(SIGNATURE, value), timestamp], "signature in another form")

    def other_secret(self) -> Request:
        secret = self._tools.signer.hubspot_secret
        wrong = (b"", secret.upper(), secret[:-1], secret + b"\n", bytes.fromhex(secret.decode()), b"secret")
        choices = (*wrong, self._tools.signer.chert_secret)
        signer = replace(self._tools.signer, hubspot_secret=self._tools.random.choice(choices))
        delivery = self._forger.hubspot_delivery()
        headers = signer.hubspot("POST", delivery.target, delivery.body(), self._tools.milliseconds())
        return self._sent(delivery, headers, "another secret")

    def other_body(self) -> Request:
        delivery, headers = self._signed()
        other = self._forger.hubspot_delivery().body(attempt=7)
        return replace(self._sent(delivery, headers, "signature of another body"), body=other)

    def rewritten_body(self) -> Request:
        delivery, headers = self._signed()
        body = delivery.body()
        forms = (
            body + b"\n",
            b" " + body,
            body.replace(b", ", b","),
            body.replace(b": ", b":"),
            b"\xef\xbb\xbf" + body,
        )
        return replace(
            self._sent(delivery, headers, "the same JSON in other bytes"), body=self._tools.random.choice(forms)
        )

    def only_version_2(self) -> Request:
        delivery = self._forger.hubspot_delivery()
        headers = self._tools.signer.hubspot_v2("POST", delivery.target, delivery.body())
        clock = self._tools.random.choice(([], [(TIMESTAMP, self._tools.milliseconds().encode())]))
        return self._sent(delivery, [*headers, *clock], "version 2 alone")

    def version_2_beside_a_wrong_one(self) -> Request:
        delivery, headers = self._signed()
        older = self._tools.signer.hubspot_v2("POST", delivery.target, delivery.body())
        wrong = [(SIGNATURE, self._tools.flipped(headers[0][1])), headers[1]]
        return self._sent(delivery, [*older, *wrong], "version 2 beside a wrong version 3")

    def only_version_1(self) -> Request:
        delivery = self._forger.hubspot_delivery()
        digest = hashlib.sha256(self._tools.signer.hubspot_secret + delivery.body()).hexdigest().encode()
        headers = [(b"X-HubSpot-Signature", digest), (b"X-HubSpot-Signature-Version", b"v1")]
        return self._sent(delivery, headers, "version 1 alone")

    def version_2_as_version_3(self) -> Request:
        delivery = self._forger.hubspot_delivery()
        digest = self._tools.signer.hubspot_v2("POST", delivery.target, delivery.body())[0][1]
        headers = [(SIGNATURE, digest), (TIMESTAMP, self._tools.milliseconds().encode())]
        return self._sent(delivery, headers, "version 2 in the header of version 3")

    def signed_by_chert(self) -> Request:
        delivery = self._forger.hubspot_delivery()
        headers = self._tools.signer.chert(delivery.body(), self._tools.seconds(), older=False)
        return self._sent(delivery, headers, "Chert's signature")

    def _signed(self) -> tuple[Delivery, Headers]:
        delivery = self._forger.hubspot_delivery()
        headers = self._tools.signer.hubspot("POST", delivery.target, delivery.body(), self._tools.milliseconds())
        return delivery, headers

    def _timed(self, timestamp: str, kind: str) -> Request:
        delivery = self._forger.hubspot_delivery()
        headers = self._tools.signer.hubspot("POST", delivery.target, delivery.body(), timestamp)
        return self._sent(delivery, headers, kind)

    def _with_query(self, signed: str, sent: str, kind: str) -> Request:
        delivery = self._forger.hubspot_delivery()
        over = _targeted(delivery, signed)
        headers = self._tools.signer.hubspot("POST", over, delivery.body(), self._tools.milliseconds())
        return replace(self._sent(delivery, headers, kind), target=_targeted(delivery, sent).encode())

    def _sent(self, delivery: Delivery, headers: Headers, kind: str) -> Request:
        target, body = delivery.target.encode(), delivery.body()
        return Request(f"hubspot: {kind}", b"POST", target, headers, body, delivery.facts)


_NAMES: Final = tuple(name for name in vars(_HubSpot) if not name.startswith("_"))


def _targeted(delivery: Delivery, query: str) -> str:
    return f"{delivery.target}?{query}" if query else delivery.target


def _forms(signature: bytes) -> Sequence[bytes]:
    """A right signature, written as it is never written."""
    digest = base64.b64decode(signature)
    last = bytes([signature[42] + 1])  # its two lowest bits mean nothing: a lenient decoder does not see them
    return (
        digest.hex().encode(),
        digest.hex().upper().encode(),
        base64.urlsafe_b64encode(digest),
        signature.rstrip(b"="),
        signature + b"=",
        signature[:42] + last + b"=",
        signature[:20] + b" " + signature[20:],
        signature[:20] + b"-" + signature[20:],
        b'"' + signature + b'"',
        b"v3=" + signature,
        signature + b"," + signature,
        signature[:10],
        signature[:1],
        signature.lower(),
        b"sha256=" + digest.hex().encode(),
    )
