"""Chert's `/send`, and which of its answers are final."""

from typing import Final

from actions.errors import NotDeliveredError, NotNowError
from actions.models import Accepted, Outcome, Outgoing, Refused
from chassis import tracing
from chassis.settings import NotLoadedError
from chert_client.client import ChertClient
from chert_client.errors import ChertError, CredentialRejectedError, RateLimitedError, RefusedError, ThrottledError
from chert_client.models import OutgoingMessage, SentMessage
from contracts.failures import REGISTRY, Code

_MAX_WORDS: Final = 500


class ChertMessenger:
    """Sends through the client library; one call is one try."""

    def __init__(self, client: ChertClient) -> None:
        self._client = client

    async def send(self, chert_tenant: str, key: str, message: Outgoing) -> Outcome:
        """Hand a message over, once per key however often it is called with the same message.

        Raises:
            NotDeliveredError: nothing final is known.
        """
        try:
            with tracing.call("chert send"):
                return _accepted(await self._client.send(chert_tenant, _outgoing(key, message)))
        except ChertError as error:
            return _refused(error)
        except NotLoadedError as error:
            raise NotDeliveredError(
                "the signing secret is not loaded", may_have_happened=False, code=Code.UNAVAILABLE
            ) from error


def _outgoing(key: str, message: Outgoing) -> OutgoingMessage:
    return OutgoingMessage(
        phone=message.phone,
        body=message.body,
        idempotency_key=key,
        name=message.name,
        external_id=message.external_id,
        phone_line_id=message.phone_line_id,
    )


def _accepted(sent: SentMessage) -> Accepted:
    return Accepted(
        message_id=sent.message_id,
        lead_id=sent.lead_id,
        lead_created=sent.lead_created,
        phone_line_id=sent.phone_line_id,
    )


def _refused(error: ChertError) -> Refused:
    """Chert's final refusal, with its code and words.

    Raises:
        NotNowError: Chert can later.
        NotDeliveredError: it is none.
    """
    if isinstance(error, ThrottledError):
        code = Code.RATE_LIMITED if isinstance(error, RateLimitedError) else Code.LINES_SATURATED
        raise NotNowError(error.words[:_MAX_WORDS], retry_after_seconds=error.retry_after_seconds, code=code) from error
    if error.code is None or not _is_final(error):
        raise NotDeliveredError(
            str(error),
            may_have_happened=error.may_have_happened,
            retry_after_seconds=error.retry_after_seconds,
            code=Code(error.code) if error.code in _TEMPORARY else Code.UNAVAILABLE,
        ) from error
    return Refused(
        code=error.code,
        error=error.words[:_MAX_WORDS] or f"refused by Chert with code {error.code}",
        retry_after_seconds=error.retry_after_seconds,
    )


def _is_final(error: ChertError) -> bool:
    """Whether Chert refused this message for good: not our credential, which is no fault of the message."""
    return isinstance(error, RefusedError) and not isinstance(error, CredentialRejectedError) and not error.retryable


_TEMPORARY: Final = frozenset(code for code, registered in REGISTRY.items() if registered.retryable)
"""Codes that a 503 may carry."""
