"""HubSpot's blocked workflow steps, over the client library."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

import hubspot_client
from actions.errors import CallbacksAwayError
from hubspot_client import HubSpotClient


class Forgetful(Protocol):
    """What remembers access tokens."""

    def forget(self, portal_id: int) -> None:
        """HubSpot refused the token: ask for another one next time."""
        ...


class HubSpotCallbacks:
    """Completes steps in batches; one by one when HubSpot refuses a batch, which it may do for one of them alone."""

    def __init__(self, client: HubSpotClient, tokens: Forgetful) -> None:
        self._client, self._tokens = client, tokens

    async def complete(self, portal_id: int, outputs: Mapping[str, Mapping[str, str]]) -> AbstractSet[str]:
        """Complete steps of one account; those that HubSpot waits for no more.

        Raises:
            UnknownTenantError: the account is not connected.
            AuthorityAwayError: `oauth` cannot be asked.
            CallbacksAwayError: HubSpot cannot be told now.
        """
        try:
            await self._client.callbacks.complete_batch(portal_id, outputs)
        except (hubspot_client.ValidationFailedError, hubspot_client.NotFoundError):
            return {one for one, told in outputs.items() if await self._complete(portal_id, one, told)}
        except hubspot_client.HubSpotError as error:
            raise self._away(portal_id, error) from error
        return set(outputs)

    async def _complete(self, portal_id: int, callback_id: str, outputs: Mapping[str, str]) -> bool:
        """Complete one step; it is over too when HubSpot knows it no more."""
        try:
            await self._client.callbacks.complete(portal_id, callback_id, outputs)
        except (hubspot_client.ValidationFailedError, hubspot_client.NotFoundError):
            return True
        except hubspot_client.HubSpotError as error:
            if isinstance(error, hubspot_client.ServerFaultError):
                return False  # this one is for later; the others need not wait
            raise self._away(portal_id, error) from error
        return True

    def _away(self, portal_id: int, error: hubspot_client.HubSpotError) -> CallbacksAwayError:
        if isinstance(error, hubspot_client.AccessTokenExpiredError | hubspot_client.AccessTokenInvalidError):
            self._tokens.forget(portal_id)
        return CallbacksAwayError(type(error).__name__, retry_after_seconds=error.retry_after_seconds)
