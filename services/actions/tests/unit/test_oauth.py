"""Asking `oauth` what is true of an account."""

import httpx2
import pytest
from pydantic import SecretStr

from actions.adapters.oauth import FRESH_SECONDS, OAuthTenantAuthority
from actions.errors import AuthorityAwayError
from chassis.clock import ManualClock
from chassis.settings import NotLoadedError
from chassis.sisters import Sister
from contracts.internal import TenantCheck
from contracts.tenants import TenantSnapshot


class Replies:
    """Answers each request with the next of these, and counts them."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx2.Request]()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """The next answer."""
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def authority_over(replies: Replies, clock: ManualClock, *, loaded: bool = True) -> OAuthTenantAuthority:
    """The authority, reached through those replies."""

    def credential() -> SecretStr:
        if not loaded:
            raise NotLoadedError("absent")
        return SecretStr("service-credential")

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(replies))
    return OAuthTenantAuthority(Sister("http://oauth.test", credential, client), clock)


def active(tenant: TenantSnapshot) -> httpx2.Response:
    """What `oauth` says of a connected account."""
    return httpx2.Response(200, text=TenantCheck(status="active", tenant=tenant).model_dump_json())


UNKNOWN = httpx2.Response(200, json={"status": "unknown", "tenant": None})


async def test_an_answer_is_good_for_five_seconds(tenant: TenantSnapshot, clock: ManualClock) -> None:
    """The same account is asked for once in five seconds, with our credential, then again."""
    replies = Replies(active(tenant), UNKNOWN)
    authority = authority_over(replies, clock)

    answers = [await authority.check(62515)]
    clock.advance(FRESH_SECONDS - 0.1)
    answers.append(await authority.check(62515))
    clock.advance(0.2)
    answers.append(await authority.check(62515))

    assert ["active", "active", "unknown"] == [answer.status for answer in answers]
    assert tenant == answers[0].tenant
    assert ["/internal/tenants/62515"] * 2 == [request.url.path for request in replies.requests]
    assert replies.requests[0].headers["authorization"] == "Bearer service-credential"


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(503, json={}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(
            401,
            json={"error": "no", "code": 2004, "message": "no", "retryable": False, "trace_id": "0" * 32},
        ),
        httpx2.ConnectError("refused"),
    ],
)
async def test_an_authority_that_cannot_be_asked_gives_no_answer(
    answer: httpx2.Response | Exception, clock: ManualClock
) -> None:
    """No answer, a failure, and a refusal of our credential say nothing about the account, and are not remembered."""
    authority = authority_over(Replies(answer, UNKNOWN), clock)

    with pytest.raises(AuthorityAwayError):
        await authority.check(1)

    assert (await authority.check(1)).status == "unknown"


async def test_without_a_credential_nobody_is_asked(clock: ManualClock) -> None:
    """A credential that is not loaded is our own temporary trouble."""
    replies = Replies()

    with pytest.raises(AuthorityAwayError):
        await authority_over(replies, clock, loaded=False).check(1)

    assert [] == replies.requests
