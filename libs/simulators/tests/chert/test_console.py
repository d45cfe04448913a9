from pathlib import Path

import httpx2
import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.chert.console import HOME, same_origin_path
from simulators.chert.sessions import LIFETIME_SECONDS, Sessions, session_key
from simulators.chert.settings import ChertSimulatorSettings
from simulators.chert.state import DEFAULT_USER
from simulators.chert.testing import ApiClient

COOKIE = "__Host-chert_session"


async def log_in(http: httpx2.AsyncClient, user: str = DEFAULT_USER.email, return_to: str = "/") -> httpx2.Response:
    """The login form, posted."""
    return await http.post("/login", data={"user": user, "return_to": return_to})


def token_in(response: httpx2.Response) -> str:
    """The session token that a login set."""
    return response.headers["set-cookie"].partition(f"{COOKIE}=")[2].partition(";")[0]


async def claims_of(http: httpx2.AsyncClient, token: str, settings: ChertSimulatorSettings) -> dict[str, object]:
    """A session's claims, verified as others do it: by the published key set."""
    keys = jwt.PyJWKSet.from_dict((await http.get("/.well-known/jwks.json")).json())
    key = next(key for key in keys.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
    options: jwt.types.Options = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, object] = jwt.decode(
        token, key, ["ES256"], audience=settings.audience, issuer=settings.issuer, options=options
    )
    return claims


async def test_the_session(api: ApiClient, settings: ChertSimulatorSettings) -> None:
    """A login sets a host-only cookie with an ES256 token that names user and projects, and expires."""
    response = await log_in(api.http)
    attributes = {part.strip().lower() for part in response.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/", f"max-age={LIFETIME_SECONDS}"} == attributes
    expected = {
        "iss": settings.issuer,
        "aud": settings.audience,
        "sub": DEFAULT_USER.id,
        "email": DEFAULT_USER.email,
        "name": DEFAULT_USER.name,
        "iat": 1_790_000_000,
        "exp": 1_790_000_000 + LIFETIME_SECONDS,
        "projects": [
            {"id": "project-acme", "name": "Acme", "tenant": "acme"},
            {"id": "project-globex", "name": "Globex", "tenant": "globex"},
        ],
    }
    assert expected == await claims_of(api.http, token_in(response), settings)


async def test_users_see_their_own_projects(api: ApiClient, settings: ChertSimulatorSettings) -> None:
    """A tenant made for a user is seen by that user alone; a user without one sees none."""
    tenant = {"slug": "initech", "project_id": "p3", "name": "Initech", "user": "peter@initech.test"}
    await api.http.post("/control/tenants", json=tenant)
    await api.http.post("/control/users", json={"email": "milton@initech.test", "name": "Milton"})
    seen = {
        email: [project["tenant"] for project in (await claims_of(api.http, token, settings))["projects"]]  # type: ignore[attr-defined] # claims are JSON
        for email in ("peter@initech.test", "milton@initech.test", DEFAULT_USER.email)
        for token in [token_in(await log_in(api.http, email))]
    }
    assert {
        "peter@initech.test": ["initech"],
        "milton@initech.test": [],
        DEFAULT_USER.email: ["acme", "globex"],
    } == seen


async def test_the_page(api: ApiClient) -> None:
    """The login page offers every user, keeps the way back, and escapes what it shows."""
    await api.http.post("/control/users", json={"email": "x@y.test", "name": "<script>alert(1)</script>"})
    response = await api.http.get("/login", params={"return_to": '/console?a="b"'})
    assert (200, "text/html; charset=utf-8") == (response.status_code, response.headers["content-type"])
    assert DEFAULT_USER.email in response.text
    assert 'name="return_to" value="/console?a=&#34;b&#34;"' in response.text
    assert "<script>alert" not in response.text


async def test_login_returns_where_it_came_from(api: ApiClient) -> None:
    """A login leads back with 303 to the path it was asked for, query included."""
    response = await log_in(api.http, return_to="/api/hubspot/oauth/install?project=project-acme")
    assert (303, "/api/hubspot/oauth/install?project=project-acme") == (
        response.status_code,
        response.headers["location"],
    )


@pytest.mark.parametrize("user", ["", "nobody@chert.example"])
async def test_an_unknown_user(api: ApiClient, user: str) -> None:
    """Who is not among the users gets the page again, with 400 and no session."""
    response = await log_in(api.http, user)
    assert (400, None) == (response.status_code, response.headers.get("set-cookie"))


@pytest.mark.parametrize(
    "return_to",
    [
        "",
        "console",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        "/a\r\nSet-Cookie: x=y",
        "/a\\b",
        " /console",
    ],
)
async def test_no_open_redirect(api: ApiClient, return_to: str) -> None:
    """A way back that leaves this origin is replaced by the console's start, on the page and after the login."""
    assert HOME == (await log_in(api.http, return_to=return_to)).headers["location"]
    assert f'value="{HOME}"' in (await api.http.get("/login", params={"return_to": return_to})).text


@given(return_to=st.text(max_size=40))
def test_every_way_back_stays_here(return_to: str) -> None:
    """Whatever is asked for, a URL parser resolves the answer to this origin."""
    resolved = httpx2.URL("https://console.test/login").join(same_origin_path(return_to))
    assert ("https", "console.test") == (resolved.scheme, resolved.host)


async def test_logout(api: ApiClient) -> None:
    """A logout takes the cookie away and shows the login page."""
    response = await api.http.post("/logout")
    assert (303, "/login") == (response.status_code, response.headers["location"])
    assert f'{COOKIE}="";' in response.headers["set-cookie"]
    assert "Max-Age=0" in response.headers["set-cookie"]


def test_a_key_file_keeps_sessions_valid(tmp_path: Path) -> None:
    """The key is written once, for the owner alone, and a restart publishes the same key."""
    path = tmp_path / "session.pem"
    first, second = (Sessions(session_key(path), issuer="i", audience="a") for _ in range(2))
    assert first.key_set() == second.key_set()
    assert 0o600 == path.stat().st_mode & 0o777
