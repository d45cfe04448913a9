"""A verifier of each sender written out plainly, and the mistakes that people make in them, one at a time.

A forger that catches every one of these has looked where it matters. Each mistake was seen in published code, or is
what its framework does when nobody thinks of it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_to_bytes

from _forgeries import Request
from _ingress_deliveries import CHERT

_DECODED: Final = {f"%{ord(character):02X}".encode(): character.encode() for character in ":/?@!$'()*,;"}
_CODES: Final = re.compile(b"|".join(_DECODED))
_TODAY: Final = re.compile(rb"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_OLDER: Final = re.compile(rb"v1,([0-9]{1,12}),([0-9a-f]{64})")


def _decode(request: Request, base: bytes) -> bytes:
    return _CODES.sub(lambda code: _DECODED[code[0]], base + request.target)


def _is_fresh(timestamp: bytes, now: int, tolerance: int) -> bool:
    return timestamp.isdigit() and len(timestamp) <= 13 and abs(now - int(timestamp)) <= tolerance


@dataclass(frozen=True)
class HubSpotVerifier:
    """Version 3 as it should be checked; each part can be done worse.

    Attributes:
        url: what of the request's URL is taken as signed.
        body: what of its body.
        method: what of its method.
        same: whether a digest is the one that was given, in base64.
        fresh: whether a timestamp is near enough to now, in milliseconds.
        falls_back: whether version 2 is taken where there is no version 3.
    """

    secret: bytes
    base: bytes
    url: Callable[[Request, bytes], bytes] = _decode
    body: Callable[[bytes], bytes] = lambda body: body
    method: Callable[[bytes], bytes] = lambda method: method
    same: Callable[[bytes, bytes], bool] = lambda digest, given: hmac.compare_digest(base64.b64encode(digest), given)
    fresh: Callable[[bytes, int, int], bool] = _is_fresh
    falls_back: bool = False

    def accepts(self, request: Request, now: float) -> bool:
        """Whether the request is believed."""
        given = request.header(b"x-hubspot-signature-v3")
        timestamp = request.header(b"x-hubspot-request-timestamp")
        if self.falls_back and given is None:
            return self._accepts_version_2(request)
        if not given or not timestamp:
            return False
        signed = self.method(request.method) + self.url(request, self.base) + self.body(request.body) + timestamp
        digest = hmac.digest(self.secret, signed, "sha256")
        return self.same(digest, given) and self.fresh(timestamp, int(now * 1000), 300_000)

    def _accepts_version_2(self, request: Request) -> bool:
        signed = self.secret + request.method + self.base + request.target + request.body
        given = request.header(b"x-hubspot-signature") or b""
        return hmac.compare_digest(hashlib.sha256(signed).hexdigest().encode(), given)


@dataclass(frozen=True)
class ChertVerifier:
    """Chert's webhook signature as it should be checked; each part can be done worse.

    Attributes:
        moment: what is compared with now.
        finds: how timestamp and digest are found in the header.
        tolerance: how far from now the timestamp may lie, in seconds.
    """

    secret: bytes
    moment: Callable[[Request, bytes], bytes] = lambda _, timestamp: timestamp
    finds: Callable[[re.Pattern[bytes], bytes], re.Match[bytes] | None] = lambda form, value: form.fullmatch(value)
    tolerance: int = 300

    def accepts(self, request: Request, now: float) -> bool:
        """Whether the webhook is believed."""
        value = request.header(b"x-webhook-signature") or request.header(b"x-chert-signature") or b""
        found = self.finds(_TODAY, value) or self.finds(_OLDER, value)
        if found is None:
            return False
        timestamp, given = found.groups()
        digest = hmac.digest(self.secret, timestamp + b"." + request.body, "sha256").hex().encode()
        return hmac.compare_digest(digest, given) and _is_fresh(
            self.moment(request, timestamp), int(now), self.tolerance
        )


def _lenient(digest: bytes, given: bytes) -> bool:
    try:
        return hmac.compare_digest(digest, base64.b64decode(given))
    except binascii.Error:
        return False


def _as_far_as_it_goes(digest: bytes, given: bytes) -> bool:
    return all(ours == theirs for ours, theirs in zip(base64.b64encode(digest), given, strict=False))


def _as_a_number(timestamp: bytes, now: int, tolerance: int) -> bool:
    try:
        age = abs(now - float(timestamp))
    except ValueError:
        return False
    return not age > tolerance


def _in_the_past_only(timestamp: bytes, now: int, tolerance: int) -> bool:
    return timestamp.isdigit() and now - int(timestamp) <= tolerance


def _where_it_says(request: Request, base: bytes) -> bytes:
    host, scheme = request.header(b"x-forwarded-host"), request.header(b"x-forwarded-proto")
    return _decode(request, scheme + b"://" + host if host and scheme else base)


def _written_again(body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body)).encode()
    except ValueError:
        return body


def _clock_beside(request: Request, timestamp: bytes) -> bytes:
    return request.header(b"x-webhook-timestamp") or timestamp


Verifier: TypeAlias = HubSpotVerifier | ChertVerifier


@dataclass(frozen=True)
class Pair:
    """A verifier for each sender; which one is asked, the route decides."""

    hubspot: HubSpotVerifier
    chert: ChertVerifier

    def accepts(self, request: Request, now: float) -> bool:
        """Whether the request is believed."""
        verifier: Verifier = self.chert if request.target.startswith(CHERT.encode()) else self.hubspot
        return verifier.accepts(request, now)


def planted(sound: Pair) -> dict[str, Pair]:
    """The sound pair with one mistake each."""
    hubspot: dict[str, dict[str, Any]] = {
        "looks at no timestamp": {"fresh": lambda *_: True},
        "takes any future": {"fresh": _in_the_past_only},
        "reads the timestamp as a floating-point number": {"fresh": _as_a_number},
        "takes version 2 where there is no version 3": {"falls_back": True},
        "compares as far as the given signature goes": {"same": _as_far_as_it_goes},
        "decodes base64 leniently": {"same": _lenient},
        "decodes the whole URL": {"url": lambda request, base: base + unquote_to_bytes(request.target)},
        "decodes nothing": {"url": lambda request, base: base + request.target},
        "leaves out the query": {"url": lambda request, base: base + request.target.partition(b"?")[0]},
        "believes X-Forwarded-Host": {"url": _where_it_says},
        "signs the JSON that it parsed": {"body": _written_again},
        "takes every request for a POST": {"method": lambda _: b"POST"},
    }
    chert: dict[str, dict[str, Any]] = {
        "tolerates 600 s, as the vendor's sample": {"tolerance": 600},
        "believes X-Webhook-Timestamp": {"moment": _clock_beside},
        "searches the header instead of matching it": {"finds": lambda form, value: form.search(value)},
    }
    return {
        **{name: replace(sound, hubspot=replace(sound.hubspot, **parts)) for name, parts in hubspot.items()},
        **{name: replace(sound, chert=replace(sound.chert, **parts)) for name, parts in chert.items()},
    }
