"""The sister services, asked over their declared internal HTTP what they did and what they keep."""

from datetime import datetime
from typing import TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel

from chassis.settings import NotLoadedError
from chassis.sisters import Sister, SisterAwayError, SisterRefusedError
from contracts.failures import Code
from contracts.internal import InboundMessage, ReplyActivityPage, SendActivityPage
from oauth.errors import ActivityAwayError, MessagesAwayError

M = TypeVar("M", bound=BaseModel)


class SisterActivity:
    """`GET /internal/activity/{portal_id}` of both; a sister without an address does not serve it.

    Args:
        actions: tells of sends.
        timeline: tells of replies.
    """

    def __init__(self, *, actions: Sister | None, timeline: Sister | None) -> None:
        self._actions, self._timeline = actions, timeline

    async def sends(self, portal_id: int, since: datetime, limit: int) -> SendActivityPage:
        """The latest sends, newest first.

        Raises:
            ActivityAwayError: `actions` cannot say.
        """
        return await _asked(self._actions, portal_id, since, limit, SendActivityPage)

    async def replies(self, portal_id: int, since: datetime, limit: int) -> ReplyActivityPage:
        """The latest replies, newest first.

        Raises:
            ActivityAwayError: `timeline` cannot say, or does not serve this yet.
        """
        return await _asked(self._timeline, portal_id, since, limit, ReplyActivityPage)


class SisterMessages:
    """`GET /internal/messages/{chert_tenant}/{message_id}` of `timeline`.

    Args:
        timeline: keeps messages; without an address it cannot be asked.
    """

    def __init__(self, timeline: Sister | None) -> None:
        self._timeline = timeline

    async def read(self, chert_tenant: str, message_id: str) -> InboundMessage | None:
        """One message, if accounts were given it.

        Raises:
            MessagesAwayError: `timeline` cannot be asked now.
        """
        if self._timeline is None:
            raise MessagesAwayError("no address")
        path = f"/internal/messages/{quote(chert_tenant, safe='')}/{quote(message_id, safe='')}"
        try:
            return await self._timeline.call("GET", path, InboundMessage)
        except SisterRefusedError as error:
            if error.failure.code == Code.NOT_FOUND:
                return None
            raise MessagesAwayError(type(error).__name__) from error
        except (SisterAwayError, NotLoadedError) as error:
            raise MessagesAwayError(type(error).__name__) from error


async def _asked(sister: Sister | None, portal_id: int, since: datetime, limit: int, answer: type[M]) -> M:
    if sister is None:
        raise ActivityAwayError("no address")
    query = urlencode({"since": since.isoformat(), "limit": limit})
    try:
        return await sister.call("GET", f"/internal/activity/{portal_id}?{query}", answer)
    except (SisterAwayError, SisterRefusedError, NotLoadedError) as error:
        raise ActivityAwayError(type(error).__name__) from error
