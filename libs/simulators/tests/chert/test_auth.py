import httpx2
import pytest

from simulators.chert.testing import ApiClient
from simulators.clock import ManualClock


async def refusal(http: httpx2.AsyncClient, headers: dict[str, str]) -> tuple[int, int]:
    """Status and code of a refused read."""
    response = await http.get("/api/v1/phone-numbers", headers=headers)
    return response.status_code, response.json()["error"]["code"]


async def test_a_signed_call_is_served(api: ApiClient) -> None:
    """A right signature with a known tenant is let in."""
    assert 200 == (await api.call("GET", "/phone-numbers")).status_code


async def test_the_bearer_token_is_served(api: ApiClient) -> None:
    """The platform credential as a bearer token, with a known tenant, is let in."""
    headers = {"authorization": f"Bearer {api.secret}", "x-chert-tenant": api.tenant}
    assert 200 == (await api.http.get("/api/v1/phone-numbers", headers=headers)).status_code


async def test_no_credentials(api: ApiClient) -> None:
    """A call without credentials is 401 with 2012, and so is one that names no tenant."""
    assert (401, 2012) == await refusal(api.http, {"x-chert-tenant": api.tenant})
    assert (401, 2012) == await refusal(api.http, {"x-chert-signature": api.sign(b"")})


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Basic Zm9v", "Bearer ", "Bearer \xe9"])
async def test_a_wrong_token(api: ApiClient, authorization: str) -> None:
    """A token that is not the platform credential is 401 with 2004."""
    headers = {b"authorization": authorization.encode("latin-1"), b"x-chert-tenant": api.tenant.encode()}
    response = await api.http.get("/api/v1/phone-numbers", headers=headers)
    assert (401, 2004) == (response.status_code, response.json()["error"]["code"])


async def test_the_signature_counts_when_both_are_given(api: ApiClient) -> None:
    """A wrong signature is refused although the bearer token is right."""
    headers = {
        "x-chert-signature": api.sign(b"something else"),
        "authorization": f"Bearer {api.secret}",
        "x-chert-tenant": api.tenant,
    }
    assert (401, 2004) == await refusal(api.http, headers)


async def test_a_stale_signature(api: ApiClient, clock: ManualClock) -> None:
    """A signature more than five minutes from the simulator's time is 401 with 2013."""
    headers = {"x-chert-signature": api.sign(b""), "x-chert-tenant": api.tenant}
    clock.advance(301)
    assert (401, 2013) == await refusal(api.http, headers)


async def test_an_unknown_tenant(api: ApiClient) -> None:
    """A tenant that does not exist is 404 with 2001."""
    assert (404, 2001) == await refusal(api.http, {"x-chert-signature": api.sign(b""), "x-chert-tenant": "nobody"})


async def test_a_suspended_tenant(api: ApiClient) -> None:
    """A suspended tenant is 403 with 2005."""
    await api.http.patch("/control/tenants/acme", json={"suspended": True})
    assert (403, 2005) == await refusal(api.http, {"x-chert-signature": api.sign(b""), "x-chert-tenant": "acme"})


async def test_nothing_is_parsed_before_the_credentials(api: ApiClient) -> None:
    """A body that is not JSON is answered as unauthenticated when the signature is missing."""
    response = await api.http.post("/api/v1/chats", content=b"{", headers={"x-chert-tenant": "acme"})
    assert (401, 2012) == (response.status_code, response.json()["error"]["code"])
