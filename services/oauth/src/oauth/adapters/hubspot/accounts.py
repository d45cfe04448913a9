"""What HubSpot says of a connected account, remembered for some minutes."""

from collections import OrderedDict
from typing import Final

from pydantic import SecretStr

from chassis.clock import Clock
from hubspot_client import HubSpotConnection, OAuthClient
from oauth.adapters.hubspot.errors import translated
from oauth.adapters.hubspot.oauth import client_with
from oauth.models import AccountDetails

FRESH_SECONDS: Final = 300.0
"""How long an answer is good: a page that is looked at again costs HubSpot nothing."""

REMEMBERED: Final = 1000


class HubSpotAccounts:
    """Account details, and the name from introspection: HubSpot's details have none (hubspot-contract.md, 1.4)."""

    def __init__(self, connection: HubSpotConnection, oauth_client: OAuthClient, clock: Clock) -> None:
        self._connection, self._oauth_client, self._clock = connection, oauth_client, clock
        self._known: OrderedDict[int, tuple[AccountDetails, float]] = OrderedDict()

    async def details(self, portal_id: int, access_token: SecretStr) -> AccountDetails:
        """The account's name and where its pages are; a few minutes old at most.

        Raises:
            AccessTokenRefusedError, AppRejectedError, HubSpotAwayError: it cannot be asked with this token.
        """
        known = self._known.get(portal_id)
        if known is not None and self._clock.monotonic() - known[1] < FRESH_SECONDS:
            return known[0]
        details = await self._ask(portal_id, access_token)
        self._known[portal_id] = (details, self._clock.monotonic())
        self._known.move_to_end(portal_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return details

    async def _ask(self, portal_id: int, access_token: SecretStr) -> AccountDetails:
        with translated():
            found = await client_with(self._connection, access_token).account_details(portal_id)
            told = await self._oauth_client.introspect(access_token.get_secret_value(), "access_token")
        return AccountDetails(portal_id, told.hub_domain, found.ui_domain, found.account_type)
