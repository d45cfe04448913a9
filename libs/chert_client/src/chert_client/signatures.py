"""Chert's two signatures: the one on our requests, and the one on the webhooks Chert sends.

Both are lower-case hex HMAC-SHA-256 over `<unix seconds>.<raw body>`. The key is the secret's text, as shown when
it was made, not what its hex digits stand for. Sources: chert-contract.md sections 4.2 and 4.3.

The check of a webhook is total: whatever a stranger sends, the outcome is a return or one `SignatureRejectedError`.
"""

import hmac
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

SIGNATURE_HEADER: Final = "x-webhook-signature"
LEGACY_SIGNATURE_HEADER: Final = "x-chert-signature"
EVENT_HEADER: Final = "x-webhook-event"
EVENT_ID_HEADER: Final = "x-webhook-event-id"

TOLERANCE_SECONDS: Final = 300
"""How far a webhook's timestamp may lie from now, in either direction."""

# Today's form of the header and the older one; the same two facts in each.
_FORMS: Final = re.compile(
    rb"(?:t=(?P<t>[0-9]{1,12}),v1=(?P<v1>[0-9a-f]{64}))|(?:v1,(?P<old_t>[0-9]{1,12}),(?P<old_v1>[0-9a-f]{64}))"
)


class RejectionReason(StrEnum):
    """Why a webhook's signature was refused, in words that a log, a metric and a test can share."""

    MISSING_SIGNATURE = "missing_signature"
    MALFORMED_SIGNATURE = "malformed_signature"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    """The signature is right, its timestamp more than 300 seconds before or after now."""


class SignatureRejectedError(Exception):
    """The webhook's signature does not hold; `reason` says why."""

    def __init__(self, reason: RejectionReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def sign(secret: bytes, body: bytes, now_seconds: int) -> str:
    """The value of `x-chert-signature` for a request with exactly this body; made anew for every try."""
    digest = hmac.digest(secret, b"%d.%b" % (now_seconds, body), "sha256").hex()
    return f"v1,{now_seconds},{digest}"


class WebhookVerifier:
    """Checks webhooks signed with any of a subscription's secrets, several while they rotate."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """Prepare one key per secret.

        Raises:
            ValueError: there is no secret, or one is empty; a check would mean nothing.
        """
        if not secrets or not all(secrets):
            raise ValueError("at least one webhook secret is needed, and none may be empty")
        # Copied for each check: the key's two blocks are hashed once.
        self._keys = tuple(hmac.new(secret, digestmod="sha256") for secret in secrets)

    def verify(self, body: bytes, signature: str | bytes | None, now_seconds: int) -> None:
        """Check a webhook's signature, then that it is fresh.

        Args:
            body: the bytes as received, before anything is parsed.
            signature: the header `X-Webhook-Signature`, or in older deliveries `x-chert-signature`; in either form.
            now_seconds: the present, seconds since the epoch.

        Raises:
            SignatureRejectedError: always, and only, when the webhook must not be trusted.
        """
        sent_at, given = _parse(signature)
        signed = b"%b.%b" % (sent_at, body)
        for key in self._keys:
            if hmac.compare_digest(_hexdigest(key, signed), given):
                break
        else:
            raise SignatureRejectedError(RejectionReason.BAD_SIGNATURE)
        if abs(now_seconds - int(sent_at)) > TOLERANCE_SECONDS:
            raise SignatureRejectedError(RejectionReason.STALE)


def _parse(signature: str | bytes | None) -> tuple[bytes, bytes]:
    """The timestamp, as signed, and the digest."""
    if not signature:
        raise SignatureRejectedError(RejectionReason.MISSING_SIGNATURE)
    raw = signature if isinstance(signature, bytes) else signature.encode("ascii", "replace")
    form = _FORMS.fullmatch(raw)
    if form is None:
        raise SignatureRejectedError(RejectionReason.MALFORMED_SIGNATURE)
    return form["t"] or form["old_t"], form["v1"] or form["old_v1"]


def _hexdigest(key: hmac.HMAC, message: bytes) -> bytes:
    digest = key.copy()
    digest.update(message)
    return digest.hexdigest().encode()
