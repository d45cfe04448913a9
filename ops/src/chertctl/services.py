"""Calling the services' `/ops/*` routes, directly and never through the gateway."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from chertctl.outcomes import AwayError, RefusedError, WrongCallError
from chertctl.settings import ServiceName, Settings
from contracts.failures import Failure

M = TypeVar("M", bound=BaseModel)

CALL_SECONDS: Final = 30.0
"""The longest a call may take."""


class Services:
    """The four services, as operators call them."""

    def __init__(self, settings: Settings, client: httpx2.AsyncClient) -> None:
        self._settings, self._client = settings, client

    async def call(
        self,
        service: ServiceName,
        method: str,
        path: str,
        answer: type[M],
        body: BaseModel | None = None,
        *,
        seconds: float = CALL_SECONDS,
    ) -> M:
        """Call a route and read its answer.

        Raises:
            WrongCallError: address or credential are not given.
            AwayError: no answer in time, or one that says that a retry may help.
            RefusedError: the service refused for good.
        """
        content = None if body is None else body.model_dump_json(exclude_none=True).encode()
        headers = {"Authorization": f"Bearer {self._credential()}", "Content-Type": "application/json"}
        url = self._settings.url_of(service).rstrip("/") + path
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.request(
                    method, url, content=content, headers=headers, timeout=seconds, follow_redirects=False
                )
        except (TimeoutError, httpx2.HTTPError) as error:
            raise AwayError(f"{service} does not answer at {url} ({type(error).__name__}).") from None
        return _read(service, path, response, answer)

    def _credential(self) -> str:
        credential = self._settings.secrets().ops_credential
        if credential is None:
            raise WrongCallError(
                "There is no ops_credential: name the operators' file with CHERTCTL_SECRETS_FILE, or call this where a "
                "local system runs (.local/run.json)."
            )
        return credential.get_secret_value()


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Services]:
    """The services, for as long as a verb runs."""
    async with httpx2.AsyncClient(verify=trusted(settings), trust_env=False) as client:
        yield Services(settings, client)


def trusted(settings: Settings) -> ssl.SSLContext:
    """Who vouches for services: nobody where none speaks TLS, for loading the authorities takes longer than a call."""
    return httpx2.create_ssl_context(trust_env=False) if settings.tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _read(service: str, path: str, response: httpx2.Response, answer: type[M]) -> M:
    try:
        if response.is_success:
            return answer.model_validate_json(response.content)
        failure = Failure.model_validate_json(response.content)
    except ValidationError:
        raise AwayError(f"{service} answered {path} with {response.status_code} in an unknown form.") from None
    words = f"{service} refused: {failure.error} (code {failure.code}, trace {failure.trace_id})."
    if failure.retryable:
        raise AwayError(words)
    raise RefusedError(words, code=failure.code, reason=failure.reason)
