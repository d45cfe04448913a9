"""Request signatures as HubSpot makes them, versions 1, 2 and 3 (contract section 2)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection
from enum import StrEnum

# The codes that are decoded before a v3 signature is made; every other code stays as it is.
V3_DECODED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
_ESCAPE = re.compile("%[0-9A-F]{2}")


class SignatureVersion(StrEnum):
    """Which signature a request carries; v1 and v2 share a header, so a request has at most one of them."""

    V1 = "v1"
    V2 = "v2"
    V3 = "v3"


def sign_v1(secret: str, body: bytes) -> str:
    """Hex SHA-256 over secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def sign_v2(secret: str, method: str, uri: str, body: bytes) -> str:
    """Hex SHA-256 over secret, method, URI as called, and body."""
    return hashlib.sha256(f"{secret}{method}{uri}".encode() + body).hexdigest()


def sign_v3(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """Base64 HMAC-SHA-256 over method, decoded URI, body and timestamp (milliseconds, as the header's text)."""
    source = f"{method}{decode_uri(uri)}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), source, "sha256")).decode()


def decode_uri(uri: str) -> str:
    """The URI with the twelve codes of the table decoded, once."""
    return _ESCAPE.sub(lambda code: V3_DECODED.get(code.group(), code.group()), uri)


def signature_headers(
    versions: Collection[SignatureVersion], *, secret: str, method: str, uri: str, body: bytes, now: float
) -> dict[str, str]:
    """The headers of a request that is signed now (Unix seconds) with each of `versions`."""
    timestamp = str(int(now * 1000))
    headers = {"X-HubSpot-Request-Timestamp": timestamp}
    if SignatureVersion.V1 in versions:
        headers |= {"X-HubSpot-Signature": sign_v1(secret, body), "X-HubSpot-Signature-Version": "v1"}
    if SignatureVersion.V2 in versions:
        headers |= {"X-HubSpot-Signature": sign_v2(secret, method, uri, body), "X-HubSpot-Signature-Version": "v2"}
    if SignatureVersion.V3 in versions:
        headers["X-HubSpot-Signature-v3"] = sign_v3(secret, method, uri, body, timestamp)
    return headers
