"""All routes and pages of this service, on an app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI
from pydantic import SecretStr

from chassis.lifespan import Plumbing
from oauth.api import failures
from oauth.api.console import ConsoleRoutes
from oauth.api.console_use import ConsoleUse
from oauth.api.installs import InstallRoutes
from oauth.api.internal import InternalRoutes
from oauth.api.messages import MessageRoutes
from oauth.api.ops import OpsRoutes
from oauth.api.ops_tenants import TenantRoutes
from oauth.api.pages import Pages, add_static_files
from oauth.handlers.access_tokens import AccessTokens
from oauth.handlers.accounts import view_account
from oauth.handlers.asking import Others
from oauth.handlers.disconnecting import disconnect
from oauth.handlers.grant_checks import note_refused_token
from oauth.handlers.installing import begin_from_marketplace, begin_installation, complete_installation
from oauth.handlers.key_rotation import key_report
from oauth.handlers.leases import Leases
from oauth.handlers.messages import Whereabouts, open_file, view_message
from oauth.handlers.operating import Operating
from oauth.handlers.settings import change_settings
from oauth.handlers.tenants import check_tenant, find_account, list_accounts
from oauth.handlers.where import where
from oauth.ports import (
    AccountDirectory,
    ActivityReader,
    AuthorizationServer,
    ChertFiles,
    ChertProjects,
    FormTokens,
    GrantCheckStore,
    HistoryStore,
    InstallationStore,
    LeaseStore,
    Messages,
    PhoneLines,
    ReplicaStore,
    SessionVerifier,
    StateSealer,
    StateStore,
    TokenSealer,
    TokenServer,
)


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside of this process, each behind its port."""

    sessions: SessionVerifier
    state_sealer: StateSealer
    forms: FormTokens
    states: StateStore
    authorization: AuthorizationServer
    tokens: TokenServer
    directory: AccountDirectory
    lines: PhoneLines
    projects: ChertProjects
    activity: ActivityReader
    messages: Messages
    files: ChertFiles
    installations: InstallationStore
    histories: HistoryStore
    checks: GrantCheckStore
    leases: LeaseStore
    replicas: ReplicaStore
    sealer: TokenSealer
    credentials: Callable[[], Mapping[str, SecretStr]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a deployment decides about the edge.

    Attributes:
        login_url: where a browser without a session is sent.
        pkce: whether installs use PKCE.
        hubspot_origin: scheme, host and port of what stands in for HubSpot's hosts; in development only.
        depart_soon: called when HubSpot is to be told of a disconnect.
        check_soon: called when HubSpot is to be asked about a grant.
    """

    login_url: str
    pkce: bool = True
    hubspot_origin: str | None = None
    depart_soon: Callable[[], None] = lambda: None
    check_soon: Callable[[], None] = lambda: None


def add_routes(app: FastAPI, outside: Outside, plumbing: Plumbing, choices: Choices) -> None:
    """Give an app every route, page and failure answer."""
    pages = Pages()
    access_tokens = AccessTokens(
        installations=outside.installations,
        tokens=outside.tokens,
        sealer=outside.sealer,
        leases=Leases(outside.leases, clock=plumbing.clock, holder=plumbing.randomness.uuid()),
        clock=plumbing.clock,
    )
    use = console_use(outside, plumbing, choices, access_tokens)
    internal = InternalRoutes(
        credentials=outside.credentials,
        give_access_token=access_tokens.get,
        check_tenant=partial(check_tenant, installations=outside.installations),
        doubt=partial(note_refused_token, checks=outside.checks, clock=plumbing.clock, check_soon=choices.check_soon),
    )
    ops = OpsRoutes(
        credentials=outside.credentials,
        report_keys=partial(key_report, replicas=outside.replicas, installations=outside.installations),
    )
    installs = _installs(outside, plumbing, choices)
    app.router.routes.insert(0, installs.direct())
    for routes in (
        installs,
        _messages(outside, choices, access_tokens, pages),
        ConsoleRoutes(sessions=outside.sessions, use=use, pages=pages, forms=outside.forms),
        internal,
        ops,
        _tenants(outside, plumbing),
    ):
        app.include_router(routes.router())
    add_static_files(app)
    failures.install(app, pages, login_url=choices.login_url)


def console_use(outside: Outside, plumbing: Plumbing, choices: Choices, access_tokens: AccessTokens) -> ConsoleUse:
    """What the console's pages do."""
    installations, clock = outside.installations, plumbing.clock
    return ConsoleUse(
        list_accounts=partial(list_accounts, installations=installations),
        find_account=partial(find_account, installations=installations),
        view_account=partial(
            view_account,
            installations=installations,
            histories=outside.histories,
            others=Others(access_tokens.get, outside.directory, outside.lines, outside.projects, outside.activity),
            hubspot_origin=choices.hubspot_origin,
            clock=clock,
        ),
        change_settings=partial(change_settings, installations=installations, lines=outside.lines, clock=clock),
        disconnect=partial(disconnect, installations=installations, clock=clock, depart_soon=choices.depart_soon),
    )


def _tenants(outside: Outside, plumbing: Plumbing) -> TenantRoutes:
    operating = Operating(
        installations=outside.installations,
        histories=outside.histories,
        tokens=outside.tokens,
        sealer=outside.sealer,
        clock=plumbing.clock,
    )
    return TenantRoutes(
        credentials=outside.credentials,
        operating=operating,
        where=partial(where, installations=outside.installations, histories=outside.histories),
    )


def _messages(outside: Outside, choices: Choices, access_tokens: AccessTokens, pages: Pages) -> MessageRoutes:
    whereabouts = Whereabouts(outside.installations, access_tokens.get, outside.directory, choices.hubspot_origin)
    return MessageRoutes(
        sessions=outside.sessions,
        view_message=partial(view_message, messages=outside.messages, files=outside.files, whereabouts=whereabouts),
        open_file=partial(open_file, messages=outside.messages, files=outside.files),
        pages=pages,
    )


def _installs(outside: Outside, plumbing: Plumbing, choices: Choices) -> InstallRoutes:
    begin = partial(
        begin_installation,
        states=outside.states,
        authorization=outside.authorization,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        pkce=choices.pkce,
    )
    begin_at_hubspot = partial(
        begin_from_marketplace, states=outside.states, clock=plumbing.clock, randomness=plumbing.randomness
    )
    complete = partial(
        complete_installation,
        states=outside.states,
        authorization=outside.authorization,
        installations=outside.installations,
        leases=outside.leases,
        sealer=outside.sealer,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
    )
    return InstallRoutes(
        sessions=outside.sessions,
        begin=begin,
        begin_from_marketplace=begin_at_hubspot,
        complete=complete,
        state_sealer=outside.state_sealer,
        hubspot_origin=choices.hubspot_origin,
        clock=plumbing.clock,
        metrics=plumbing.metrics,
    )
