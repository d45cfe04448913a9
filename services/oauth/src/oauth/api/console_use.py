"""What the console's pages do, each use case bound to its collaborators."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from contracts.tenants import TenantSettings
from oauth.handlers.accounts import AccountView
from oauth.handlers.activity import ActivityFilter
from oauth.handlers.tenants import ProjectAccounts
from oauth.models import Installation, Session


@dataclass(frozen=True, slots=True)
class ConsoleUse:
    """The use cases of the console.

    Attributes:
        list_accounts: of all the session's projects.
        find_account: by project and account, asking nobody else.
        view_account: likewise, with all that others know; of its activity what a filter lets through.
        change_settings: likewise, to these settings, if the revision is still this one.
        disconnect: likewise, if the revision is still this one.
    """

    list_accounts: Callable[[Session], Awaitable[Sequence[ProjectAccounts]]]
    find_account: Callable[[Session, str, int], Awaitable[Installation]]
    view_account: Callable[[Session, str, int, ActivityFilter], Awaitable[AccountView]]
    change_settings: Callable[[Session, str, int, TenantSettings, int], Awaitable[Installation]]
    disconnect: Callable[[Session, str, int, int], Awaitable[Installation]]
