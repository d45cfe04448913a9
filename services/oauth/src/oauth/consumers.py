"""What this service hears: that an account may have uninstalled the app."""

from collections.abc import Awaitable, Callable

from chassis.consuming import Consumers
from contracts.envelope import Event
from contracts.tenants import AppUninstalled
from contracts.topics import APP_UNINSTALLED
from oauth.models import GrantCheck

NoteUninstall = Callable[[Event[AppUninstalled]], Awaitable[GrantCheck | None]]


def subscribe(consumers: Consumers, *, note_uninstall: NoteUninstall, check_soon: Callable[[], None]) -> None:
    """Declare the subscriptions."""

    @consumers.subscriber(APP_UNINSTALLED)
    async def on_app_uninstalled(event: Event[AppUninstalled]) -> None:
        """Store the hint; a worker asks HubSpot."""
        if await note_uninstall(event) is not None:
            check_soon()
