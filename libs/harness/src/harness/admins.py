"""One person at the console, each step of an install by itself, so that a run can do harm between the steps.

It speaks HTTP as a browser would and carries the cookies itself: every install under way keeps its own, as if each
were in a tab that knows nothing of the others.
"""

from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import SimpleCookie
from typing import Final, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

from harness import pages

INSTALL_PATH: Final = "/api/hubspot/oauth/install"
SESSION_COOKIE: Final = "__Host-chert_session"

_CALL_SECONDS: Final = 20.0
_HIDDEN: Final[tuple[str, ...]] = ("form_token", "revision")


class UnexpectedAnswerError(Exception):
    """A step was answered in a way that leaves nothing to go on with."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An install that waits for consent: where it is given, and the cookies that prove who began."""

    authorize_url: str
    cookies: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What HubSpot sends the browser back with: path and query of the callback, and the cookies to bring along."""

    target: str
    cookies: str

    @property
    def secrets(self) -> dict[str, str]:
        """The code and the state in it."""
        query = parse_qs(urlsplit(self.target).query)
        return {name: query[name][0] for name in ("code", "state") if name in query}


def client() -> httpx2.AsyncClient:
    """A client that keeps no cookies: they are the admin's business, and a jar of thousands is slow."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=2.0)
    return httpx2.AsyncClient(timeout=_CALL_SECONDS, trust_env=False, cookies=jar, limits=limits)


class Admin:
    """Somebody who is signed in."""

    def __init__(self, http: httpx2.AsyncClient, session: str) -> None:
        """Whoever this session belongs to."""
        self._http = http
        self.session = session

    @classmethod
    async def sign_in(cls, http: httpx2.AsyncClient, chert_url: str, user: str) -> Self:
        """Sign in as one of Chert's users, by e-mail."""
        answer = await http.post(f"{chert_url}/login", data={"user": user, "return_to": "/console"})
        return cls(http, _cookies(answer).get(SESSION_COOKIE, ""))

    async def begin(self, oauth_url: str, project_id: str) -> Begun:
        """Follow the Connect link of a project.

        Raises:
            UnexpectedAnswerError: it leads nowhere.
        """
        answer = await self._get(f"{oauth_url}{INSTALL_PATH}?{urlencode({'project': project_id})}", "")
        where = _location(answer)
        kept = "; ".join(f"{name}={value}" for name, value in _cookies(answer).items())
        return Begun(where, kept)

    async def approve(self, begun: Begun, portal_id: int) -> Consent:
        """Give consent for an account on HubSpot's screen.

        Raises:
            UnexpectedAnswerError: HubSpot sends nobody back.
        """
        form = {"decision": "approve", "portal": str(portal_id)}
        back = urlsplit(_location(await self._http.post(begun.authorize_url, data=form)))
        return Consent(f"{back.path}?{back.query}", begun.cookies)

    async def finish(self, oauth_url: str, consent: Consent) -> httpx2.Response:
        """Come back from HubSpot; the answer, whatever it is."""
        return await self._get(oauth_url + consent.target, consent.cookies)

    async def connect(self, oauth_url: str, project_id: str, portal_id: int) -> httpx2.Response:
        """All three steps; the answer to the last."""
        return await self.finish(oauth_url, await self.approve(await self.begin(oauth_url, project_id), portal_id))

    async def disconnect(self, oauth_url: str, project_id: str, portal_id: int) -> httpx2.Response:
        """Ask to disconnect an account, and confirm; the answer to the confirmation, or to the question if none is."""
        page = f"{oauth_url}/console/projects/{project_id}/accounts/{portal_id}/disconnect"
        return await self._fill_in(page, "/disconnect", {})

    async def change_settings(
        self, oauth_url: str, project_id: str, portal_id: int, **settings: str
    ) -> httpx2.Response:
        """Save settings by an account's form; what is not named goes back to its default.

        The answer, or that to the page if it has no such form.
        """
        page = f"{oauth_url}/console/projects/{project_id}/accounts/{portal_id}"
        return await self._fill_in(page, "/settings", settings)

    async def _fill_in(self, url: str, action: str, fields: dict[str, str]) -> httpx2.Response:
        """Send the form of a page that goes to an address, with its hidden fields and these."""
        shown = await self._get(url, "")
        found = pages.parse(shown.text).forms if shown.is_success else []
        form = next((form for form in found if form.action.endswith(action)), None)
        if form is None:
            return shown
        hidden = {name: form.fields[name] for name in _HIDDEN if name in form.fields}
        headers = {**self._headers(""), "Origin": "{0.scheme}://{0.netloc}".format(urlsplit(url))}
        return await self._http.post(urljoin(url, form.action), data={**hidden, **fields}, headers=headers)

    async def _get(self, url: str, cookies: str) -> httpx2.Response:
        return await self._http.get(url, headers=self._headers(cookies))

    def _headers(self, cookies: str) -> dict[str, str]:
        session = f"{SESSION_COOKIE}={self.session}"
        return {"Cookie": f"{session}; {cookies}" if cookies else session, "Accept": "text/html"}


def _cookies(answer: httpx2.Response) -> dict[str, str]:
    """The cookies that an answer sets; those that it deletes are none."""
    found: dict[str, str] = {}
    for line in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(line).items():
            if morsel.value and morsel["max-age"] != "0":
                found[name] = morsel.coded_value
    return found


def _location(answer: httpx2.Response) -> str:
    if not answer.has_redirect_location:
        raise UnexpectedAnswerError(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:300]}")
    return str(answer.headers["location"])
