"""A HubSpot admin without a browser: answers the authorize screen over HTTP. For tests and scripted walks."""

import httpx2

SEE_OTHER = 303


class ConsentRefusedError(RuntimeError):
    """The screen was not answered with a redirect; the text is the page's."""


class ScriptedAdmin:
    """Approves or cancels, and says where the browser would go next."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def approve(self, authorize_url: str, portal_id: int) -> str:
        """Approve for an account; the redirect's address, which carries the code.

        Raises:
            ConsentRefusedError: HubSpot showed a page instead.
        """
        return await self._decide(authorize_url, {"decision": "approve", "portal": str(portal_id)})

    async def cancel(self, authorize_url: str) -> str:
        """Cancel; the redirect's address, which carries the error.

        Raises:
            ConsentRefusedError: HubSpot showed a page instead.
        """
        return await self._decide(authorize_url, {"decision": "cancel"})

    async def _decide(self, authorize_url: str, form: dict[str, str]) -> str:
        answer = await self._client.post(authorize_url, data=form, follow_redirects=False)
        if answer.status_code != SEE_OTHER:
            raise ConsentRefusedError(answer.text)
        return str(answer.headers["location"])
