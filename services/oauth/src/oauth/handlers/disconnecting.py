"""Disconnecting: the account is inactive at once; HubSpot is told afterwards (`departing`)."""

from collections.abc import Callable

from chassis.clock import Clock
from oauth.errors import ContendedError, RevisionMovedError
from oauth.handlers.binding import ATTEMPTS, deactivate
from oauth.handlers.tenants import find_account
from oauth.models import Installation, Session
from oauth.ports import InstallationStore


async def disconnect(
    session: Session,
    project_id: str,
    portal_id: int,
    revision: int,
    *,
    installations: InstallationStore,
    clock: Clock,
    depart_soon: Callable[[], None],
) -> Installation:
    """End an account's connection in one write; what is already ended stays as it is.

    Raises:
        AccountNotFoundError: the session may see no such account.
        RevisionMovedError: the account is no longer what the user was asked about.
        ContendedError: others kept changing its tokens.
    """
    for _ in range(ATTEMPTS):
        installation = await find_account(session, project_id, portal_id, installations=installations)
        if installation.status != "active":
            return installation
        if installation.revision != revision:
            raise RevisionMovedError
        ended = await deactivate(
            installation, "disconnected", installations=installations, clock=clock, by=session.actor
        )
        if ended is not None:
            depart_soon()
            return ended
    raise ContendedError
