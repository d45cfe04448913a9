"""All routes and pages of this service, on an app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI
from pydantic import SecretStr

from chassis.lifespan import Plumbing
from oauth.api import failures
from oauth.api.console import ConsoleRoutes
from oauth.api.installs import InstallRoutes
from oauth.api.internal import InternalRoutes
from oauth.api.pages import Pages, add_static_files
from oauth.handlers.access_tokens import AccessTokens
from oauth.handlers.installing import begin_installation, complete_installation
from oauth.handlers.leases import Leases
from oauth.handlers.tenants import check_tenant, list_accounts
from oauth.ports import (
    AuthorizationServer,
    InstallationStore,
    LeaseStore,
    SessionVerifier,
    StateSigner,
    StateStore,
    TokenSealer,
    TokenServer,
)


@dataclass(frozen=True, slots=True)
class Outside:
    """What lies outside of this process, each behind its port."""

    sessions: SessionVerifier
    signer: StateSigner
    states: StateStore
    authorization: AuthorizationServer
    tokens: TokenServer
    installations: InstallationStore
    leases: LeaseStore
    sealer: TokenSealer
    credentials: Callable[[], Mapping[str, SecretStr]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a deployment decides about the edge.

    Attributes:
        login_url: where a browser without a session is sent.
        pkce: whether installs use PKCE.
        temporary: errors of our own dependencies that are away.
    """

    login_url: str
    pkce: bool = True
    temporary: tuple[type[Exception], ...] = ()


def add_routes(app: FastAPI, outside: Outside, plumbing: Plumbing, choices: Choices) -> None:
    """Give an app every route, page and failure answer."""
    pages = Pages()
    for routes in (
        _installs(outside, plumbing, choices),
        ConsoleRoutes(
            sessions=outside.sessions,
            list_accounts=partial(list_accounts, installations=outside.installations),
            pages=pages,
        ),
        _internal(outside, plumbing),
    ):
        app.include_router(routes.router())
    add_static_files(app)
    failures.install(app, pages, login_url=choices.login_url, temporary=choices.temporary)


def _installs(outside: Outside, plumbing: Plumbing, choices: Choices) -> InstallRoutes:
    begin = partial(
        begin_installation,
        states=outside.states,
        authorization=outside.authorization,
        clock=plumbing.clock,
        randomness=plumbing.randomness,
        pkce=choices.pkce,
    )
    complete = partial(
        complete_installation,
        states=outside.states,
        authorization=outside.authorization,
        installations=outside.installations,
        sealer=outside.sealer,
        clock=plumbing.clock,
    )
    return InstallRoutes(
        sessions=outside.sessions,
        begin=begin,
        complete=complete,
        signer=outside.signer,
        clock=plumbing.clock,
        metrics=plumbing.metrics,
    )


def _internal(outside: Outside, plumbing: Plumbing) -> InternalRoutes:
    access_tokens = AccessTokens(
        installations=outside.installations,
        tokens=outside.tokens,
        sealer=outside.sealer,
        leases=Leases(outside.leases, clock=plumbing.clock, holder=plumbing.randomness.uuid()),
        clock=plumbing.clock,
    )
    return InternalRoutes(
        credentials=outside.credentials,
        give_access_token=access_tokens.get,
        check_tenant=partial(check_tenant, installations=outside.installations),
    )
