"""A HubSpot that answers from a script, for tests of whatever stands on this library."""

from collections.abc import Iterable

import httpx2


class ScriptedTransport(httpx2.AsyncBaseTransport):
    """Answers each request with the script's next step and keeps the requests.

    A step is a response, or a failure to raise. A request beyond the script's end is an error of the test.
    """

    def __init__(self, steps: Iterable[httpx2.Response | Exception] = ()) -> None:
        self.steps = list(steps)
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The next step."""
        await request.aread()
        self.requests.append(request)
        if not self.steps:
            raise AssertionError(f"no answer is scripted for {request.method} {request.url}")
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step
