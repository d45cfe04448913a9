"""The client for the accounts that installed the app: their contacts, communications, workflow steps, themselves."""

from functools import partial

from pydantic import Field

from hubspot_client.answers import Result, succeeded, understood_as
from hubspot_client.callbacks import Callbacks
from hubspot_client.communications import Communications
from hubspot_client.connection import AccessTokens, Call, HubSpotConnection
from hubspot_client.contacts import Contacts


class AccountDetails(Result):
    """An account as HubSpot describes it (hubspot-contract.md section 1.4).

    `ui_domain` is the host of its record pages; `account_type` is `STANDARD`, `SANDBOX`, `DEVELOPER_TEST` or
    `APP_DEVELOPER`.
    """

    portal_id: int = Field(validation_alias="portalId")
    ui_domain: str | None = Field(default=None, validation_alias="uiDomain")
    account_type: str | None = Field(default=None, validation_alias="accountType")
    time_zone: str | None = Field(default=None, validation_alias="timeZone")
    data_hosting_location: str | None = Field(default=None, validation_alias="dataHostingLocation")


class HubSpotClient:
    """HubSpot on behalf of installed accounts; stateless, so cheap to make over one connection."""

    def __init__(self, connection: HubSpotConnection, access_tokens: AccessTokens) -> None:
        self._connection = connection
        self._access_tokens = access_tokens
        self.contacts = Contacts(connection, access_tokens)
        self.communications = Communications(connection, access_tokens)
        self.callbacks = Callbacks(connection, access_tokens)

    async def account_details(self, portal_id: int) -> AccountDetails:
        """What HubSpot knows about the account.

        Raises:
            HubSpotError: any leaf that a read can end with.
        """
        call = Call(
            method="GET",
            path=self._connection.paths.account_details,
            access_token=partial(self._access_tokens, portal_id),
            portal_id=portal_id,
        )
        return await self._connection.read(call, understood_as(AccountDetails))

    async def uninstall(self, portal_id: int) -> None:
        """Remove the app from the account, with its card and subscriptions (section 1.5); sent once.

        Raises:
            HubSpotError: any leaf.
        """
        call = Call(
            method="DELETE",
            path=self._connection.paths.external_install,
            access_token=partial(self._access_tokens, portal_id),
            portal_id=portal_id,
        )
        await self._connection.write(call, succeeded)
