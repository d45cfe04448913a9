"""Chert's two signatures, both HMAC-SHA256 in lower-case hex over `<unix seconds>.<raw body>`.

Towards the Messaging API: `x-chert-signature: v1,<ts>,<hex>`, key = signing secret, five minutes either way.
From the webhook sender: `X-Webhook-Signature: t=<ts>,v1=<hex>`, key = the subscription's own secret; older deliveries
carry `v1,<ts>,<hex>` in the same header or in `x-chert-signature`.
"""

import hashlib
import hmac
import re

from simulators.chert.errors import ChertError, Code
from simulators.chert.models import SignatureForm

SKEW_SECONDS = 300
"""How far a call's timestamp may be off, in either direction."""

_API_HEADER = re.compile(r"v1,([0-9]{1,12}),([0-9a-f]{64})", re.ASCII)


def digest(secret: str, timestamp: str, body: bytes) -> str:
    """The signature itself, as 64 hex digits; `timestamp` is signed as it is written in the header."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def check_api_signature(header: str, body: bytes, *, secret: str, now: float) -> None:
    """Accepts a call to the Messaging API, or raises 2013 (off by more than five minutes) or 2004 (anything else)."""
    match = _API_HEADER.fullmatch(header)
    if match is None:
        raise ChertError(Code.BAD_SIGNATURE, "The signature header is malformed")
    if abs(now - int(match[1])) > SKEW_SECONDS:
        raise ChertError(Code.TIMESTAMP_SKEW, "The signature's timestamp is too far from the server's time")
    if not hmac.compare_digest(digest(secret, match[1], body), match[2]):
        raise ChertError(Code.BAD_SIGNATURE, "The signature does not match")


def webhook_signature(secret: str, now: float, body: bytes, form: SignatureForm) -> dict[str, str]:
    """The signature header of one delivery, in the wanted form."""
    timestamp = str(int(now))
    signature = digest(secret, timestamp, body)
    if form == "modern":
        return {"X-Webhook-Signature": f"t={timestamp},v1={signature}"}
    name = "X-Webhook-Signature" if form == "legacy" else "x-chert-signature"
    return {name: f"v1,{timestamp},{signature}"}
