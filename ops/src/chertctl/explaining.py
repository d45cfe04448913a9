"""Why a signature does not hold: search the few changes after which it does.

The verifiers are those of the services (`hubspot_client`, `chert_client`), so what holds here holds there.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from typing import Final, Literal

import chert_client.signatures as chert
import hubspot_client.signatures as hubspot
from chertctl import variants
from chertctl.captured import Captured
from chertctl.variants import Changes, Difference, Part, Signed, Variant

MOST_CHANGES: Final = 3
"""How many things are taken to have happened at once; more are tried by nobody's bad luck."""

Sender = Literal["hubspot", "chert"]
Holds = Callable[[Signed, bytes], bool]

_STRICT: Final = re.compile(r"t=(?P<t>[0-9]{1,12}),v1=(?P<d>[0-9a-f]{64})|v1,(?P<ot>[0-9]{1,12}),(?P<od>[0-9a-f]{64})")
_MOMENT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{9,13}(?![0-9A-Za-z])")
_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{64}")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of it.

    Attributes:
        sender: whose signature the request carries.
        holds: whether it holds, and is fresh.
        secret: which of the given secrets it was made with, counted from one; none if with none of them.
        differences: where what was received is not what was signed; empty when it holds.
    """

    sender: Sender
    holds: bool
    secret: int | None
    differences: tuple[Difference, ...]


class NoSignatureError(Exception):
    """The request carries no signature of HubSpot or Chert."""


def sender_of(captured: Captured) -> Sender:
    """Whose signature a request carries.

    Raises:
        NoSignatureError: nobody's.
    """
    for sender, names in {
        "hubspot": (hubspot.SIGNATURE_V3_HEADER, hubspot.SIGNATURE_HEADER),
        "chert": (chert.SIGNATURE_HEADER, chert.LEGACY_SIGNATURE_HEADER),
    }.items():
        if any(captured.values(name) for name in names):
            return "hubspot" if sender == "hubspot" else "chert"
    raise NoSignatureError("The request has no signature header of HubSpot or Chert.")


def explain(captured: Captured, secrets: Sequence[bytes], now: float) -> Explanation:
    """Say whether a request's signature holds at a moment, in Unix seconds, and if not, why.

    Raises:
        NoSignatureError: it carries none.
    """
    if sender_of(captured) == "chert":
        return _explain_chert(captured, secrets, now)
    return _explain_hubspot(captured, secrets, now)


def _explain_hubspot(captured: Captured, secrets: Sequence[bytes], now: float) -> Explanation:
    signatures, moments = captured.values(hubspot.SIGNATURE_V3_HEADER), captured.values(hubspot.TIMESTAMP_HEADER)
    if not signatures:
        return _refused("hubspot", _only_older(captured, secrets))
    unclear = _not_once(hubspot.SIGNATURE_V3_HEADER, signatures) or _not_once(hubspot.TIMESTAMP_HEADER, moments)
    if unclear is not None:
        return _refused("hubspot", unclear)
    signed = _split(captured, timestamp=moments[0], signature=signatures[0])
    found = _search(signed, list(_hubspot_variants(captured, signed)), secrets, _holds_v3)
    if found is None:
        older = _is_older(signed, secrets)
        return _refused("hubspot", older or _other_secret("the app's client secret, or the one before its rotation"))
    return _judged("hubspot", *found, seconds=1_000, tolerance=hubspot.TOLERANCE_MS // 1_000, now=now)


def _explain_chert(captured: Captured, secrets: Sequence[bytes], now: float) -> Explanation:
    name = chert.SIGNATURE_HEADER if captured.values(chert.SIGNATURE_HEADER) else chert.LEGACY_SIGNATURE_HEADER
    values = captured.values(name)
    unclear = _not_once(name, values)
    parsed = None if unclear is not None else _parsed(values[0])
    if parsed is None:
        return _refused("chert", unclear or _no_form())
    timestamp, digest, form = parsed
    signed = _split(captured, timestamp=timestamp, signature=digest)
    changes = [*variants.bodies(signed), *variants.timestamps(signed)]
    found = _search(signed, changes, secrets, _holds_chert)
    if found is None:
        return _refused("chert", _other_secret("the subscription's own secret, as it was shown, never the API's"))
    differences, secret, changed = found
    return _judged(
        "chert", (*form, *differences), secret, changed, seconds=1, tolerance=chert.TOLERANCE_SECONDS, now=now
    )


def _hubspot_variants(captured: Captured, signed: Signed) -> Iterator[Variant]:
    named = [*captured.values("host"), *captured.values("x-forwarded-host"), *captured.values("x-original-host")]
    yield from variants.methods(signed)
    yield from variants.schemes(signed)
    yield from variants.hosts(signed, named)
    yield from variants.paths(signed)
    yield from variants.queries(signed)
    yield from variants.bodies(signed)
    yield from variants.timestamps(signed)
    yield from variants.base64_forms(signed)


def _search(
    signed: Signed, changes: Sequence[Variant], secrets: Sequence[bytes], holds: Holds
) -> tuple[tuple[Difference, ...], int | None, Signed] | None:
    """The fewest changes after which it holds, the secret it then holds with, and what was signed."""
    for size in range(MOST_CHANGES + 1):
        for chosen in combinations(changes, size):
            if len({variant.difference.part for variant in chosen}) < size:
                continue
            changed = _changed(signed, chosen)
            differences = tuple(variant.difference for variant in chosen)
            for number, secret in enumerate(secrets, 1):
                if holds(changed, secret):
                    return differences, number, changed
            if size == 0 and (mistake := _mistaken(signed, secrets, holds)) is not None:
                return (mistake,), None, signed
    return None


def _changed(signed: Signed, chosen: Sequence[Variant]) -> Signed:
    changes = Changes()
    for variant in chosen:
        changes.update(variant.changes)
    return replace(signed, **changes)


def _mistaken(signed: Signed, secrets: Sequence[bytes], holds: Holds) -> Difference | None:
    """What is wrong with a secret, if it is the right one and only written otherwise."""
    for secret in secrets:
        for words, candidate in _miswritten(secret).items():
            if candidate not in {b"", secret} and holds(signed, candidate):
                return Difference(Part.SECRET, "as given", words, "give the secret exactly as it was shown")
    return None


def _miswritten(secret: bytes) -> dict[str, bytes]:
    text = secret.decode("latin-1")
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    return {
        "without the space around it": secret.strip(),
        "with a line end": secret + b"\n",
        "without the quotes around it": secret.strip(b"\"'"),
        "in lower case": secret.lower(),
        "in upper case": secret.upper(),
        "the bytes that its hexadecimal digits stand for": raw,
    }


def _holds_v3(signed: Signed, secret: bytes) -> bool:
    if not (signed.timestamp.isascii() and signed.timestamp.isdigit()):
        return False
    # What is signed is one text, of which the verifier decodes only the URL: undecoded, that goes with the method.
    method, url = (signed.method, signed.url) if signed.decoded else (signed.method + signed.url, "")
    try:
        hubspot.SignatureVerifier([secret]).verify_v3(
            method, url, signed.body, signed.signature, signed.timestamp, int(signed.timestamp)
        )
    except hubspot.SignatureRejectedError:
        return False
    return True


def _holds_v2(method: str, url: str, body: bytes, signature: str, secret: bytes) -> bool:
    try:
        hubspot.SignatureVerifier([secret]).verify_v2(method, url, body, signature)
    except hubspot.SignatureRejectedError:
        return False
    return True


def _holds_chert(signed: Signed, secret: bytes) -> bool:
    header = f"t={signed.timestamp},v1={signed.signature}"
    try:
        chert.WebhookVerifier([secret]).verify(signed.body, header, int(signed.timestamp))
    except chert.SignatureRejectedError:
        return False
    return True


def _split(captured: Captured, *, timestamp: str, signature: str) -> Signed:
    """The URL in its parts, nothing decoded."""
    scheme, _, rest = captured.url.partition("://")
    host = re.split("[/?]", rest, maxsplit=1)[0]
    path, _, query = rest.removeprefix(host).partition("?")
    return Signed(captured.method, scheme, host, path, query, captured.body, timestamp, signature)


def _parsed(value: str) -> tuple[str, str, tuple[Difference, ...]] | None:
    """Timestamp and digest in Chert's header, and what is wrong with its form; none if it has not even these."""
    strict = _STRICT.fullmatch(value)
    if strict is not None:
        return strict["t"] or strict["ot"], strict["d"] or strict["od"], ()
    moment, digest = _MOMENT.search(value), _DIGEST.search(value)
    if moment is None or digest is None:
        return None
    advice = "send `t=<unix seconds>,v1=<hex>` with lower-case digits and nothing around them"
    difference = Difference(Part.HEADER_FORM, "another form", "t=…,v1=… or v1,…,…", advice)
    return moment[0], digest[0].lower(), (difference,)


def _not_once(name: str, values: Sequence[str]) -> Difference | None:
    if len(values) == 1 and values[0]:
        return None
    came = f"{name} came {len(values)} times" if values and values[0] else f"{name} is missing or empty"
    part = Part.TIMESTAMP if name == hubspot.TIMESTAMP_HEADER else Part.HEADER_FORM
    return Difference(part, came, "once", "look whether something on the way drops, joins or repeats headers")


def _only_older(captured: Captured, secrets: Sequence[bytes]) -> Difference:
    """A request with version 2 or 1 alone."""
    signature = captured.values(hubspot.SIGNATURE_HEADER)[0]
    signed = _split(captured, timestamp="", signature=signature)
    older = _is_older(signed, secrets)
    words = "an older version's header that does not hold either" if older is None else older.received
    advice = "our routes take version 3 alone; look whether something on the way drops its headers"
    return Difference(Part.HEADER_FORM, words, "version 3", advice)


def _is_older(signed: Signed, secrets: Sequence[bytes]) -> Difference | None:
    """Whether the signature is a right one of version 2 or 1."""
    for version, method, url in (("2", signed.method, signed.url), ("1", "", "")):
        if any(_holds_v2(method, url, signed.body, signed.signature, secret) for secret in secrets):
            words = f"a signature of version {version}, right in itself"
            return Difference(Part.HEADER_FORM, words, "version 3", "sign as version 3 says")
    return None


def _other_secret(which: str) -> Difference:
    advice = f"try {which}; if that is right, the body has other content, or more than {MOST_CHANGES} parts differ"
    return Difference(Part.SECRET, "as given", "another one, as no change of the request explains it", advice)


def _no_form() -> Difference:
    advice = "send `t=<unix seconds>,v1=<hex>`"
    return Difference(Part.HEADER_FORM, "neither timestamp nor digest to be found", "t=…,v1=… or v1,…,…", advice)


def _refused(sender: Sender, difference: Difference) -> Explanation:
    return Explanation(sender, holds=False, secret=None, differences=(difference,))


def _judged(
    sender: Sender,
    differences: tuple[Difference, ...],
    secret: int | None,
    signed: Signed,
    *,
    seconds: int,
    tolerance: int,
    now: float,
) -> Explanation:
    """What was found, and whether it was fresh; a timestamp counts so many units to the second."""
    made_at = int(signed.timestamp) / seconds
    if abs(now - made_at) > tolerance:
        differences = (*differences, _stale(made_at, now, tolerance))
    return Explanation(sender, holds=not differences, secret=secret, differences=differences)


def _stale(made_at: float, now: float, tolerance: int) -> Difference:
    late = now - made_at
    words = f"{abs(late):.0f} s {'after' if late > 0 else 'before'} it was signed, {tolerance} s are allowed"
    advice = "sign anew for every attempt, set both clocks right; of an old capture say with --at when it came"
    return Difference(Part.STALE, f"at {_moment(now)}, {words}", f"at {_moment(made_at)}", advice)


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return "no moment of any calendar"
