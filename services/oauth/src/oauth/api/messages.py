"""The page of one message, to which its communication in HubSpot links; and the files that came with it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from contracts.failures import Failure
from oauth.api.files import TYPES, UNKNOWN_TYPE, FileResponse
from oauth.api.installs import RESPONSES, refuse_repeats
from oauth.api.message_views import MessagePage, message_page
from oauth.api.pages import FILE_PATH, MESSAGE_PATH, PRIVATE, Pages, is_browser
from oauth.api.sessions import SessionToken, session_of
from oauth.handlers.messages import MessageView
from oauth.models import FileContent, Session
from oauth.ports import SessionVerifier

ViewMessage = Callable[[Session, str, str], Awaitable[MessageView]]
OpenFile = Callable[[Session, str, str, int], AbstractAsyncContextManager[FileContent]]

ChertTenant = Annotated[str, Path(min_length=1, max_length=100, description="The slug of the project.")]
MessageId = Annotated[str, Path(min_length=1, max_length=200, description="Chert's id of the message.")]
Number = Annotated[int, Path(ge=1, le=100, description="Which file of the message, counted from 1.")]

_PAGE: Final[dict[str, Any]] = {"content": {"text/html": {"schema": {"type": "string"}}}}
_FILE: Final[dict[str, Any]] = {
    "description": "The file",
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (*TYPES, UNKNOWN_TYPE)},
}
_OF_MESSAGE: Final[dict[int | str, dict[str, Any]]] = {
    **RESPONSES,
    404: {"description": "No message that the session may see, or no such file (any more)", **_PAGE, "model": Failure},
}


class MessageRoutes:
    """A message's page and its files."""

    def __init__(
        self, *, sessions: SessionVerifier, view_message: ViewMessage, open_file: OpenFile, pages: Pages
    ) -> None:
        self._sessions, self._view_message, self._open_file, self._pages = sessions, view_message, open_file, pages

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(tags=["console"], dependencies=[Depends(refuse_repeats)])
        router.get(
            MESSAGE_PATH.format(chert_tenant="{chert_tenant}", message_id="{message_id:path}"),
            response_model=MessagePage,
            responses={**_OF_MESSAGE, 200: _PAGE},
            summary="One message: who wrote what and when, and where it is in HubSpot",
        )(self.show_message)
        router.get(
            FILE_PATH.format(chert_tenant="{chert_tenant}", number="{number}", message_id="{message_id:path}"),
            response_class=StreamingResponse,
            responses={**_OF_MESSAGE, 200: _FILE},
            summary="A file that came with a message",
        )(self.send_file)
        return router

    async def show_message(
        self, request: Request, token: SessionToken, chert_tenant: ChertTenant, message_id: MessageId
    ) -> Response:
        """Everything about one message."""
        session = await session_of(token, self._sessions)
        page = message_page(session.name, await self._view_message(session, chert_tenant, message_id))
        if is_browser(request):
            return self._pages.render("message.html", page=page)
        return JSONResponse(page.model_dump(mode="json"), headers=PRIVATE)

    async def send_file(
        self, token: SessionToken, chert_tenant: ChertTenant, number: Number, message_id: MessageId
    ) -> Response:
        """A file's content as it comes from Chert, to whoever may see its message."""
        session = await session_of(token, self._sessions)
        async with AsyncExitStack() as opening:
            file = await opening.enter_async_context(self._open_file(session, chert_tenant, message_id, number))
            return FileResponse(file, number, opening.pop_all())
