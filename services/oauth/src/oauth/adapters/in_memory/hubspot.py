"""HubSpot's OAuth played in memory: consent, codes, grants, and the troubles a test asks for."""

import asyncio
import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import SecretStr

from chassis.clock import Clock
from chassis.randomness import Randomness
from oauth.errors import AccessTokenRefusedError, CodeRejectedError, GrantRevokedError, JournalOffsetLostError
from oauth.models import (
    CONDITIONAL_SCOPES,
    REQUIRED_SCOPES,
    AccountDetails,
    Grant,
    Introspection,
    JournalEvent,
    JournalPage,
    TokenField,
    Tokens,
)


@dataclass(frozen=True, slots=True)
class _Consent:
    portal_id: int
    scopes: tuple[str, ...]
    challenge: str | None


class InMemoryHubSpot:
    """Our ports to HubSpot's OAuth and to the account.

    Attributes:
        calls: how often each route was called.
        troubles: raised by the next calls, in order, in place of an answer.
        answering: clear it and calls wait until it is set again.
        tells_account: whether a code's tokens come with account and scopes.
        lifetime: of an access token (hubspot-contract.md, section 1.2).
        same_refresh_token: whether an account gets the refresh token again that it was given before.
        dead_grants: whether what a code gives is dead when it arrives, as after an uninstall in between.
    """

    def __init__(self, clock: Clock, randomness: Randomness) -> None:
        self._clock, self._randomness = clock, randomness
        self.calls: Counter[str] = Counter()
        self.troubles: list[Exception] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.tells_account = True
        self.lifetime = timedelta(seconds=1800)
        self.same_refresh_token = self.dead_grants = False
        self._codes: dict[str, _Consent] = {}
        self._tokens: dict[str, _Consent] = {}
        self._refresh_tokens: dict[int, str] = {}

    def authorize_url(self, state: str, code_verifier: SecretStr | None) -> str:
        """Where the browser goes for consent."""
        parameters = {"scope": " ".join(REQUIRED_SCOPES), "optional_scope": " ".join(CONDITIONAL_SCOPES)}
        if code_verifier is not None:
            parameters["code_challenge"] = _challenge(code_verifier)
        return f"https://app.hubspot.test/oauth/authorize?{urlencode({**parameters, 'state': state})}"

    def consent(self, url: str, portal_id: int, *, without: tuple[str, ...] = ()) -> dict[str, str]:
        """A user of the account agrees to what an authorize URL asks, but for some scopes; the callback's query."""
        query = parse_qs(urlsplit(url).query)
        asked = (*query["scope"][0].split(), *query["optional_scope"][0].split())
        scopes = tuple(scope for scope in asked if scope not in without)
        code = self._randomness.token(16)
        self._codes[code] = _Consent(portal_id, scopes, query.get("code_challenge", [None])[0])
        return {"code": code, "state": query["state"][0]}

    def leave(self, portal_id: int) -> None:
        """The account removes the app: every one of its tokens dies."""
        self._tokens = {token: consent for token, consent in self._tokens.items() if consent.portal_id != portal_id}

    def secrets(self) -> set[str]:
        """Every token and code that is alive."""
        return {*self._codes, *self._tokens}

    async def exchange_code(self, code: SecretStr, code_verifier: SecretStr | None) -> Grant:
        """Tokens for an authorization code, once.

        Raises:
            CodeRejectedError: the code is unknown or used, or the verifier is not the one of its challenge.
        """
        await self._serve("exchange_code")
        consent = self._codes.pop(code.get_secret_value(), None)
        if consent is None or consent.challenge != (code_verifier and _challenge(code_verifier)):
            raise CodeRejectedError("BAD_AUTH_CODE")
        tokens = self._issue(consent)
        if self.dead_grants:
            for token in (tokens.access_token, tokens.refresh_token):
                self._tokens.pop(token.get_secret_value())
        return Grant(tokens, consent.portal_id, consent.scopes) if self.tells_account else Grant(tokens, None, None)

    async def refresh(self, refresh_token: SecretStr) -> Tokens:
        """New tokens for a refresh token.

        Raises:
            GrantRevokedError: it is unknown or dead.
        """
        await self._serve("refresh")
        consent = self._tokens.get(refresh_token.get_secret_value())
        if consent is None:
            raise GrantRevokedError("BAD_REFRESH_TOKEN")
        return self._issue(consent)

    async def introspect(self, token: SecretStr, kind: TokenField) -> Introspection:
        """What is known of a token."""
        await self._serve(f"introspect {kind}")
        consent = self._tokens.get(token.get_secret_value())
        if consent is None:
            return Introspection(active=False)
        domain = f"{consent.portal_id}.example.test"
        return Introspection(active=True, portal_id=consent.portal_id, scopes=consent.scopes, hub_domain=domain)

    async def uninstall(self, portal_id: int, access_token: SecretStr) -> None:
        """Remove the app from an account; every token of it dies.

        Raises:
            AccessTokenRefusedError: the token is not of this account.
        """
        await self._serve("uninstall")
        self._admit(portal_id, access_token)
        self.leave(portal_id)

    async def revoke(self, refresh_token: SecretStr) -> None:
        """Make a refresh token worthless.

        Raises:
            GrantRevokedError: it is already.
        """
        await self._serve("revoke")
        if self._tokens.pop(refresh_token.get_secret_value(), None) is None:
            raise GrantRevokedError("BAD_REFRESH_TOKEN")

    async def details(self, portal_id: int, access_token: SecretStr) -> AccountDetails:
        """The account's name and where its pages are.

        Raises:
            AccessTokenRefusedError: the token is not of this account.
        """
        await self._serve("details")
        self._admit(portal_id, access_token)
        return AccountDetails(portal_id, f"{portal_id}.example.test", "app.hubspot.com", "STANDARD")

    def _admit(self, portal_id: int, access_token: SecretStr) -> None:
        consent = self._tokens.get(access_token.get_secret_value())
        if consent is None or consent.portal_id != portal_id:
            raise AccessTokenRefusedError("INVALID_AUTHENTICATION")

    async def _serve(self, route: str) -> None:
        self.calls[route] += 1
        await self.answering.wait()
        if self.troubles:
            raise self.troubles.pop(0)

    def _issue(self, consent: _Consent) -> Tokens:
        access, refresh = self._randomness.token(32), self._randomness.token(32)
        if self.same_refresh_token:
            refresh = self._refresh_tokens.setdefault(consent.portal_id, refresh)
        self._tokens |= {access: consent, refresh: consent}
        return Tokens(SecretStr(access), SecretStr(refresh), self._clock.now() + self.lifetime)


def _challenge(code_verifier: SecretStr) -> str:
    digest = hashlib.sha256(code_verifier.get_secret_value().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class InMemoryJournal:
    """HubSpot's webhooks journal.

    Attributes:
        pages: what it has, oldest first.
        subscriptions: how often it was asked to write.
        troubles: raised by the next calls, in order, in place of an answer.
    """

    def __init__(self) -> None:
        self.pages: list[JournalPage] = []
        self.subscriptions = 0
        self.troubles: list[Exception] = []

    def tell(self, *uninstalls: JournalEvent, complete: bool = True) -> None:
        """Write one more page."""
        self.pages.append(JournalPage(f"page-{len(self.pages) + 1}", uninstalls, complete))

    async def subscribe(self) -> None:
        """Have uninstalls written there."""
        self._serve()
        self.subscriptions += 1

    async def next(self, offset: str | None) -> JournalPage | None:
        """The page after an offset, or the earliest there is; none when nothing is newer.

        Raises:
            JournalOffsetLostError: there is no such page.
        """
        self._serve()
        offsets = [page.offset for page in self.pages]
        if offset is not None and offset not in offsets:
            raise JournalOffsetLostError(offset)
        following = 0 if offset is None else offsets.index(offset) + 1
        return self.pages[following] if following < len(self.pages) else None

    def _serve(self) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
