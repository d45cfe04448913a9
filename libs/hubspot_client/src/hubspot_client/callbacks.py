"""Completing the steps of workflows that an answer of ours has blocked (hubspot-contract.md, section 4.4).

HubSpot has no way to ask how a step stands. Completing is safe to repeat: a step that is over is refused as unknown.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from hubspot_client.answers import succeeded
from hubspot_client.connection import AccessTokens, Call, HubSpotConnection
from hubspot_client.errors import NotFoundError

COMPLETIONS_LIMIT: Final = 100
"""The most steps in one call; HubSpot publishes no figure for this route, and this is that of its other batches."""

_CALLBACK_ID: Final = re.compile(r"[A-Za-z0-9._~:-]{1,200}")


class Callbacks:
    """The blocked workflow steps of installed accounts."""

    def __init__(self, connection: HubSpotConnection, access_tokens: AccessTokens) -> None:
        self._connection = connection
        self._access_tokens = access_tokens

    async def complete(self, portal_id: int, callback_id: str, outputs: Mapping[str, str]) -> None:
        """End one step with its outputs, `hs_execution_state` among them; sent once.

        Raises:
            ValidationFailedError: HubSpot waits for no such step: it was completed or is past its expiry.
            NotFoundError: the same; also, without a call, for an id that cannot stand in a path.
            HubSpotError: any other leaf; after one that `may_have_happened` the same call can be made again.
        """
        if not _CALLBACK_ID.fullmatch(callback_id):
            raise NotFoundError
        path = f"{self._connection.paths.callbacks}/{callback_id}/complete"
        await self._write(portal_id, path, _completion(outputs))

    async def complete_batch(self, portal_id: int, outputs: Mapping[str, Mapping[str, str]]) -> None:
        """End up to 100 steps of one account in one call, each with its outputs by callback id; sent once.

        Raises:
            ValueError: the batch is empty or has more than 100 steps.
            HubSpotError: any leaf; a refusal may be about one step alone and then says nothing of the others.
        """
        if not 1 <= len(outputs) <= COMPLETIONS_LIMIT:
            raise ValueError(f"a batch has 1 to {COMPLETIONS_LIMIT} steps, not {len(outputs)}")
        inputs = [{"callbackId": callback_id, **_completion(one)} for callback_id, one in outputs.items()]
        await self._write(portal_id, f"{self._connection.paths.callbacks}/complete", {"inputs": inputs})

    async def _write(self, portal_id: int, path: str, body: object) -> None:
        access_token = partial(self._access_tokens, portal_id)
        call = Call(method="POST", path=path, json=body, access_token=access_token, portal_id=portal_id)
        await self._connection.write(call, succeeded)


def _completion(outputs: Mapping[str, str]) -> dict[str, object]:
    return {"outputFields": dict(outputs), "typedOutputs": {}}
