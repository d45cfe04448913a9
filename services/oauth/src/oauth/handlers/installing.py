"""Installing: from the console to HubSpot's consent screen and back (chert-contract.md, section 2.3)."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import SecretStr

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.randomness import Randomness
from chassis.tracing import current_trace_id
from oauth.errors import (
    AppRejectedError,
    CodeRejectedError,
    ConsentRefusedError,
    ExchangeFailedError,
    ExchangeReason,
    GrantRevokedError,
    HubSpotAwayError,
    HubSpotError,
    ProjectForbiddenError,
    ProjectNotChosenError,
    ScopesRefusedError,
    StateRefusedError,
)
from oauth.handlers.binding import Bound, bind
from oauth.models import REQUIRED_SCOPES, AccountGrant, Grant, InstallState, Project, Session
from oauth.ports import AuthorizationServer, InstallationStore, StateSigner, StateStore, TokenSealer

LOG = get_log()

STATE_SECONDS: Final = 600
"""How long an install may take (chert-contract.md, section 2.3)."""

RANDOM_BYTES: Final = 32
"""Of a state and of a code verifier: 43 characters, the least that RFC 7636 allows a verifier."""

_EXCHANGE_REASONS: Final[dict[type[HubSpotError], ExchangeReason]] = {
    CodeRejectedError: "code_rejected",
    GrantRevokedError: "code_rejected",
    AppRejectedError: "not_configured",
    HubSpotAwayError: "hubspot_unavailable",
}


@dataclass(frozen=True, slots=True)
class Begun:
    """An install that waits for consent: where the browser goes, and the state it carries until then."""

    url: str
    state: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back from HubSpot: the query as far as it was given, and the values of all state cookies."""

    code: str | None
    state: str | None
    error: str | None
    cookies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verified:
    """A callback whose state this browser was given by us."""

    code: SecretStr
    state: str


def choose_project(session: Session, project_id: str | None) -> Project:
    """The project an install is for: the one named, else the only one there is.

    Raises:
        ProjectForbiddenError: the session has no rights on the one named.
        ProjectNotChosenError: none is named and there is not exactly one.
    """
    if project_id is None:
        if len(session.projects) != 1:
            raise ProjectNotChosenError
        return session.projects[0]
    project = session.project(project_id)
    if project is None:
        raise ProjectForbiddenError
    return project


async def begin_installation(
    session: Session,
    project: Project,
    *,
    states: StateStore,
    authorization: AuthorizationServer,
    clock: Clock,
    randomness: Randomness,
    pkce: bool,
) -> Begun:
    """Issue a state for this user and project, and say where consent is given."""
    state = randomness.token(RANDOM_BYTES)
    code_verifier = SecretStr(randomness.token(RANDOM_BYTES)) if pkce else None
    expires_at = clock.now() + timedelta(seconds=STATE_SECONDS)
    await states.issue(InstallState(_digest(state), project.id, session.user_id, code_verifier, expires_at))
    LOG.info("install.started", project_id=project.id, user_id=session.user_id, trace_id=current_trace_id())
    return Begun(authorization.authorize_url(state, code_verifier), state, expires_at)


def verify_callback(callback: Callback, *, signer: StateSigner, now: datetime) -> Verified:
    """Check what came back from HubSpot against what this browser was given, in the contract's order.

    Raises:
        ConsentRefusedError: HubSpot says that there is no consent.
        StateRefusedError: one of the four checks fails.
    """
    if callback.error is not None:
        raise ConsentRefusedError("access_denied" if callback.error == "access_denied" else "hubspot_refused")
    if not callback.code or not callback.state:
        raise StateRefusedError("missing_code_or_state")
    if not callback.cookies:
        raise StateRefusedError("missing_state_cookie")
    carried = [state for state in (signer.read(value, now) for value in callback.cookies) if state is not None]
    if not carried:
        raise StateRefusedError("invalid_state_cookie")
    if not any(hmac.compare_digest(state.encode(), callback.state.encode()) for state in carried):
        raise StateRefusedError("state_mismatch")
    return Verified(SecretStr(callback.code), callback.state)


async def complete_installation(
    verified: Verified,
    session: Session,
    *,
    states: StateStore,
    authorization: AuthorizationServer,
    installations: InstallationStore,
    sealer: TokenSealer,
    clock: Clock,
) -> Bound:
    """Consume the state, exchange the code, and bind the account that it is for.

    Raises:
        StateRefusedError: the state was consumed before, or this is not the user who began.
        ProjectForbiddenError: the user lost the rights on the project meanwhile.
        ExchangeFailedError, ScopesRefusedError: there is no usable grant; nothing is stored.
        ContendedError: others kept changing the installation.
    """
    begun = await states.consume(_digest(verified.state), session.user_id, clock.now())
    if begun is None:
        raise StateRefusedError("state_mismatch")
    project = choose_project(session, begun.project_id)
    grant = await _granted(verified.code, begun, authorization)
    missing = tuple(scope for scope in REQUIRED_SCOPES if scope not in grant.scopes)
    if missing:
        raise ScopesRefusedError(missing, project_id=project.id)
    return await bind(grant, project, installations=installations, sealer=sealer, clock=clock)


async def _granted(code: SecretStr, begun: InstallState, authorization: AuthorizationServer) -> AccountGrant:
    """The grant for a code, with account and scopes known."""
    try:
        grant = await authorization.exchange_code(code, begun.code_verifier)
        return await _identified(grant, authorization)
    except HubSpotError as error:
        raise ExchangeFailedError(_EXCHANGE_REASONS[type(error)], project_id=begun.project_id) from error


async def _identified(grant: Grant, authorization: AuthorizationServer) -> AccountGrant:
    """The grant with its account and scopes; HubSpot may leave both out (hubspot-contract.md, section 1.2)."""
    portal_id, scopes = grant.portal_id, grant.scopes
    if portal_id is None or scopes is None:
        told = await authorization.introspect(grant.tokens.access_token, "access_token")
        portal_id = told.portal_id if portal_id is None else portal_id
        scopes = told.scopes if scopes is None else scopes
    if portal_id is None or scopes is None:
        raise HubSpotAwayError("HubSpot does not say which account a token is for")
    return AccountGrant(grant.tokens, portal_id, scopes)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
