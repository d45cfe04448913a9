"""Calling a sister service over its declared internal HTTP, with a service credential and a deadline."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import httpx2
from pydantic import BaseModel, SecretStr, ValidationError

from chassis.tracing import call, current_traceparent
from contracts.failures import Failure

M = TypeVar("M", bound=BaseModel)

CALL_SECONDS = 5.0
"""The longest a call may take."""

MAX_ANSWER_BYTES = 1024 * 1024


class SisterAwayError(Exception):
    """The sister could not be asked, or failed: try again later."""


class SisterRefusedError(Exception):
    """The sister refused for good, and says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.error)
        self.failure = failure


class Sister:
    """A sister service."""

    def __init__(
        self,
        base_url: str,
        credential: Callable[[], SecretStr],
        client: httpx2.AsyncClient,
        seconds: float = CALL_SECONDS,
    ) -> None:
        self._base_url, self._credential, self._client = base_url.rstrip("/"), credential, client
        self._seconds = seconds

    async def call(self, method: str, path: str, answer: type[M]) -> M:
        """Call a route and read its answer.

        Raises:
            SisterAwayError: no answer in time, a 5xx, or an answer that does not fit.
            SisterRefusedError: a 4xx with a failure body.
        """
        with call(f"{method} sister", **{"url.path": path}):
            response = await self._request(method, path)
        return _read(response, answer)

    async def _request(self, method: str, path: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self._credential().get_secret_value()}"}
        traceparent = current_traceparent()
        if traceparent is not None:
            headers["traceparent"] = traceparent
        try:
            async with asyncio.timeout(self._seconds):  # httpx2's own timeout is for each read, not for the whole
                return await self._client.request(
                    method, self._base_url + path, headers=headers, timeout=self._seconds, follow_redirects=False
                )
        except (TimeoutError, httpx2.HTTPError) as error:
            raise SisterAwayError(type(error).__name__) from None


def _read(response: httpx2.Response, answer: type[M]) -> M:
    if len(response.content) > MAX_ANSWER_BYTES:
        raise SisterAwayError("answer is too large")
    try:
        if response.is_success:
            return answer.model_validate_json(response.content)
        failure = Failure.model_validate_json(response.content)
    except ValidationError:
        raise SisterAwayError(f"answered {response.status_code} in an unknown form") from None
    if failure.retryable or response.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise SisterAwayError(failure.error)
    raise SisterRefusedError(failure)
