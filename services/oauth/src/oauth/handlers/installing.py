"""Installing: from the console to HubSpot's consent screen and back (chert-contract.md, section 2.3).

An install that begins at HubSpot's marketplace takes the same way, but that HubSpot asks for consent by itself.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pydantic import SecretStr

from chassis.clock import Clock
from chassis.logging import get_log
from chassis.randomness import Randomness
from chassis.tracing import current_trace_id
from oauth.errors import (
    AppRejectedError,
    CodeRejectedError,
    ConsentReason,
    ConsentRefusedError,
    DepartedError,
    ExchangeFailedError,
    ExchangeReason,
    GrantRevokedError,
    HubSpotAwayError,
    HubSpotError,
    ProjectChoice,
    ProjectForbiddenError,
    ProjectNotChosenError,
    ScopesRefusedError,
    StateRefusedError,
)
from oauth.handlers.binding import Bound, bind
from oauth.handlers.departing import departure_lease
from oauth.handlers.leases import alone
from oauth.handlers.return_urls import with_state
from oauth.models import REQUIRED_SCOPES, AccountGrant, Grant, InstallState, Project, Session, Start
from oauth.ports import AuthorizationServer, InstallationStore, LeaseStore, StateSealer, StateStore, TokenSealer

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

_CONSENT_REASONS: Final[dict[str, ConsentReason]] = {
    "access_denied": "access_denied",
    "invalid_request": "app_refused",
    "invalid_scope": "app_refused",
    "unauthorized_client": "app_refused",
    "unsupported_response_type": "app_refused",
    "server_error": "hubspot_busy",
    "temporarily_unavailable": "hubspot_busy",
}
"""RFC 6749, section 4.1.2.1."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An install that waits for consent: where the browser goes, and what it carries until then."""

    url: str
    install: InstallState


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back from HubSpot: the query as far as it was given, and the values of all state cookies."""

    code: str | None
    state: str | None
    error: str | None
    cookies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Verified:
    """A callback whose state this browser was given by us: the code, and the install that it ends."""

    code: SecretStr
    begun: InstallState


def choose_project(session: Session, project_id: str | None) -> Project:
    """The project an install is for: the one named, else the only one there is.

    Raises:
        ProjectForbiddenError: the session has no rights on the one named.
        ProjectNotChosenError: none is named and there is not exactly one.
    """
    if project_id is None:
        if len(session.projects) != 1:
            raise ProjectNotChosenError(*(ProjectChoice(one.id, one.name) for one in session.projects))
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
    code_verifier = SecretStr(randomness.token(RANDOM_BYTES)) if pkce else None
    install = await _issued(session, project, "console", code_verifier, states, clock, randomness)
    return Begun(authorization.authorize_url(install.state, code_verifier), install)


async def begin_from_marketplace(
    session: Session,
    project: Project,
    return_url: str,
    *,
    states: StateStore,
    clock: Clock,
    randomness: Randomness,
) -> Begun:
    """Issue a state for an install that HubSpot began, and go back to where HubSpot asks for consent."""
    install = await _issued(session, project, "marketplace", None, states, clock, randomness)
    return Begun(with_state(return_url, install.state), install)


def verify_callback(callback: Callback, *, sealer: StateSealer, now: datetime) -> Verified:
    """Check what came back from HubSpot against what this browser was given, in the contract's order.

    Raises:
        ConsentRefusedError: HubSpot says that there is no consent.
        StateRefusedError: one of the four checks fails.
    """
    if callback.error is not None:
        raise ConsentRefusedError(_CONSENT_REASONS.get(callback.error, "hubspot_refused"))
    if not callback.code or not callback.state:
        raise StateRefusedError("missing_code_or_state")
    if not callback.cookies:
        raise StateRefusedError("missing_state_cookie")
    carried = [begun for begun in (sealer.open(value, now) for value in callback.cookies) if begun is not None]
    if not carried:
        raise StateRefusedError("invalid_state_cookie")
    came = callback.state.encode()
    begun = next((one for one in carried if hmac.compare_digest(one.state.encode(), came)), None)
    if begun is None:
        raise StateRefusedError("state_mismatch")
    return Verified(SecretStr(callback.code), begun)


async def complete_installation(
    verified: Verified,
    session: Session,
    start: Start,
    *,
    states: StateStore,
    authorization: AuthorizationServer,
    installations: InstallationStore,
    leases: LeaseStore,
    sealer: TokenSealer,
    clock: Clock,
    randomness: Randomness,
) -> Bound:
    """Consume the state, exchange the code, and bind the account that it is for.

    Raises:
        StateRefusedError: the state was consumed before, it began elsewhere, or this is not the user who began.
        ProjectForbiddenError: the user lost the rights on the project meanwhile.
        ExchangeFailedError, ScopesRefusedError: there is no usable grant; nothing is stored.
        ContendedError: others kept changing the installation.
    """
    begun = verified.begun
    if begun.start != start or not await states.consume(_digest(begun.state), session.user_id):
        raise StateRefusedError("state_mismatch")
    project = choose_project(session, begun.project_id)
    asked_at = clock.now()
    grant = await _granted(verified.code, begun, authorization)
    missing = tuple(scope for scope in REQUIRED_SCOPES if scope not in grant.scopes)
    if missing:
        raise ScopesRefusedError(missing, project_id=project.id)
    connect = partial(bind, grant, project, installations=installations, sealer=sealer, clock=clock, by=session.actor)
    try:
        return await connect(asked_at=asked_at)
    except DepartedError:
        name, holder = departure_lease(grant.portal_id), randomness.uuid()
        async with alone(name, leases, clock=clock, holder=holder):
            await _outlived(grant, project, authorization)
            return await connect(outlives_departure=True)


async def _outlived(grant: AccountGrant, project: Project, authorization: AuthorizationServer) -> None:
    """Return if a grant lives, now that nothing more is said to HubSpot of the account's former one.

    Raises:
        ExchangeFailedError: our own uninstall call came after it, or nobody can say.
    """
    try:
        told = await authorization.introspect(grant.tokens.refresh_token, "refresh_token")
    except HubSpotError as error:
        raise ExchangeFailedError(_EXCHANGE_REASONS[type(error)], project_id=project.id) from error
    if not told.active:
        raise ExchangeFailedError("uninstalled_meanwhile", project_id=project.id)


async def _issued(
    session: Session,
    project: Project,
    start: Start,
    code_verifier: SecretStr | None,
    states: StateStore,
    clock: Clock,
    randomness: Randomness,
) -> InstallState:
    """A new install, the digest of whose state is kept until it is consumed."""
    state, expires_at = randomness.token(RANDOM_BYTES), clock.now() + timedelta(seconds=STATE_SECONDS)
    await states.issue(_digest(state), session.user_id, expires_at)
    LOG.info("install.started", project_id=project.id, user_id=session.user_id, trace_id=current_trace_id())
    return InstallState(state, project.id, code_verifier, expires_at, start)


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
    """What is kept of a state, so that a copy of the database finishes no install."""
    return hashlib.sha256(state.encode()).hexdigest()
