"""Looking: what is true of an account, and which accounts the signed-in user may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.internal import TenantCheck
from oauth.errors import AccountNotFoundError
from oauth.models import CONDITIONAL_SCOPES, REQUIRED_SCOPES, Installation, Project, Session
from oauth.ports import InstallationStore


@dataclass(frozen=True, slots=True)
class ProjectAccounts:
    """A project and the accounts that are or were connected to it."""

    project: Project
    accounts: tuple[Installation, ...]


async def check_tenant(portal_id: int, *, installations: InstallationStore) -> TenantCheck:
    """What is true of an account right now."""
    installation = await installations.get(portal_id)
    if installation is None:
        return TenantCheck(status="unknown")
    return TenantCheck(status=installation.status, tenant=installation.snapshot())


async def list_accounts(session: Session, *, installations: InstallationStore) -> Sequence[ProjectAccounts]:
    """The session's projects with their accounts, and nobody else's."""
    found = await installations.of_projects([project.id for project in session.projects])
    return [
        ProjectAccounts(project, tuple(account for account in found if account.project_id == project.id))
        for project in session.projects
    ]


async def find_account(
    session: Session, project_id: str, portal_id: int, *, installations: InstallationStore
) -> Installation:
    """An account of one of the session's projects.

    Raises:
        AccountNotFoundError: there is none; which of its parts is wrong is nobody's business.
    """
    installation = await installations.get(portal_id)
    if session.project(project_id) is None or installation is None or installation.project_id != project_id:
        raise AccountNotFoundError
    return installation


def missing_scopes(installation: Installation) -> tuple[str, ...]:
    """What was asked for and not granted."""
    return tuple(scope for scope in (*REQUIRED_SCOPES, *CONDITIONAL_SCOPES) if scope not in installation.scopes)
