"""Two accounts at every route of `actions`, each with its own ids and with the other's: nothing crosses."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus

import httpx2
import pytest
from pydantic import JsonValue
from rich.console import Console

from contracts.internal import SendActivityPage
from contracts.ops import WhereAnswer
from harness.card import Card, CardAnswer
from harness.journal import Journal
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.usefixtures("unpublished_routes")]

SECONDS = 60.0


@dataclass(frozen=True)
class Account:
    """One connected account: its walk, a rep's card, and what HubSpot and operators may call for it."""

    walk: Walk
    card: Card
    lines: list[str]
    http: httpx2.AsyncClient
    system: System

    @property
    def portal_id(self) -> int:
        """The account."""
        return self.walk.portal.portal_id

    async def workflow(self, callback_id: str, text: str, **inputs: str) -> dict[str, str]:
        """HubSpot executes the action; its outputs."""
        execution = {
            "callbackId": callback_id,
            "origin": {"portalId": self.portal_id},
            "object": {"objectId": int(self.walk.contact.id), "properties": {"phone": self.walk.contact.phone}},
            "inputFields": {"message": text, **inputs},
        }
        outputs: dict[str, str] = (await self._signed("/api/hubspot/send", execution))["outputFields"]
        return outputs

    async def options(self, after: str = "") -> list[str]:
        """The lines that a workflow's author may choose."""
        asked = {"origin": {"portalId": self.portal_id}, "fetchOptions": {"after": after}}
        found = (await self._signed("/api/hubspot/options/phone-lines", asked))["options"]
        return [str(one["value"]) for one in found]

    async def activity(self) -> SendActivityPage:
        """What the console shows of this account."""
        answer = await self.http.get(
            f"{self.system.url('actions')}/internal/activity/{self.portal_id}",
            params={"since": "2020-01-01T00:00:00Z"},
            headers={"Authorization": f"Bearer {self.system.credentials.sister_credentials['actions']}"},
        )
        return SendActivityPage.model_validate_json(answer.content)

    async def where(self, known_as: str) -> WhereAnswer:
        """What an operator is told."""
        answer = await self.http.post(
            f"{self.system.url('actions')}/ops/where",
            json={"id": known_as},
            headers={"Authorization": f"Bearer {self.system.credentials.service_credentials['ops']}"},
        )
        return WhereAnswer.model_validate_json(answer.content)

    async def recent(self) -> list[dict[str, str]]:
        """The sends that the card's campaign tab lists."""
        found = (await self.card.campaign()).body["recent"]
        assert isinstance(found, list)
        return [{name: str(value) for name, value in one.items()} for one in found if isinstance(one, dict)]

    async def sent(self) -> list[str]:
        """The texts that Chert sent for this account's project."""
        return sorted(one.body for one in await self.walk.chert.sent(self.walk.run.chert.tenant_slug))

    async def _signed(self, path: str, body: object) -> dict[str, dict[str, str]]:
        """Call a route of the workflow's, as HubSpot does."""
        content, timestamp = json.dumps(body).encode(), str(int(time.time() * 1000))
        source = f"POST{self.walk.run.public_base_url}{path}".encode() + content + timestamp.encode()
        digest = hmac.digest(self.walk.run.hubspot_app.client_secret.encode(), source, hashlib.sha256)
        headers = {
            "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
            "X-HubSpot-Request-Timestamp": timestamp,
        }
        answer = await self.http.post(self.walk.run.gateway_url + path, content=content, headers=headers)
        assert HTTPStatus.OK == answer.status_code, answer.text[:300]
        told: dict[str, dict[str, str]] = answer.json()
        return told


@pytest.fixture
async def accounts(unpublished_routes: bool, system: System) -> AsyncIterator[tuple[Account, Account]]:
    """Two connected accounts, each bound to a project of its own; their contacts share a number."""
    async with AsyncExitStack() as opened:
        http = await opened.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=30))

        async def connected() -> Account:
            walk = await opened.enter_async_context(
                Walk(system.seed(f"t{secrets.token_hex(4)}"), Journal(Console(quiet=True)))
            )
            await walk.connect()
            card = await opened.enter_async_context(Card(walk.run, walk.portal.portal_id))
            return Account(walk, card, await walk.chert.lines(walk.run.chert.tenant_slug), http, system)

        yield await connected(), await connected()


def refusals(*answers: CardAnswer) -> list[tuple[int, JsonValue]]:
    """Status and code of each answer."""
    return [(answer.status, answer.code) for answer in answers]


async def test_the_others_ids_open_nothing(accounts: tuple[Account, Account]) -> None:
    """Every route with the other account's contact, line and cursor: refused in words, nothing sent, nothing told."""
    for own, other in (accounts, accounts[::-1]):
        contact_id = other.walk.contact.id
        assert contact_id != own.walk.contact.id
        shown, sent = await own.card.context(contact_id), await own.card.send(contact_id, "Hi", secrets.token_hex(8))
        from_their_line = await own.workflow("their-line", "From their line", phone_line_id=other.lines[0])

        assert [(200, 2011)] * 2 == refusals(shown, sent)
        assert ("false", "2006") == (from_their_line["ok"], from_their_line["code"])
        assert {"pool", *own.lines} == set(await own.options())
        assert [] == [line for line in await own.options(after=other.lines[0]) if line in other.lines]
        assert [own.walk.contact.id] == [one["contact_id"] for one in await own.recent()]
        assert [] == await own.sent()
    for own in accounts:
        activity = await own.activity()
        assert [(own.walk.contact.id, "refused")] == [(one.contact_id, one.status) for one in activity.sends]


async def test_the_same_ids_in_both_accounts_are_two_things(accounts: tuple[Account, Account]) -> None:
    """Callback and client message ids that are alike, to the same number: each account has its own, and each works."""
    message_id, callback_id = secrets.token_hex(8), f"ap-{secrets.token_hex(6)}"
    for own, other in (accounts, accounts[::-1]):
        name = own.walk.run.chert.tenant_slug
        by_card = await own.card.send(own.walk.contact.id, f"card of {name}", message_id)
        by_workflow = await own.workflow(callback_id, f"workflow of {name}", phone_line_id=own.lines[0])

        assert (True, False) == (by_card.body["ok"], by_card.body["duplicate"])
        assert ("true", "false") == (by_workflow["ok"], by_workflow["duplicate"])
        assert by_workflow["phone_line_id"] in own.lines
        assert [f"card of {name}", f"workflow of {name}"] == await own.sent()
        assert name not in str(await other.sent())
    for own, other in (accounts, accounts[::-1]):
        context = await own.card.context(own.walk.contact.id)
        assert context.body["ok"] is True
        assert other.walk.run.chert.tenant_slug not in str(context.body["conversation"])
        assert {own.walk.contact.id} == {one.contact_id for one in (await own.activity()).sends}


async def test_an_operator_finds_each_by_its_own_ids(accounts: tuple[Account, Account]) -> None:
    """A message's id leads to its account alone; the number that both wrote to leads to both."""
    messages = {}
    for account in accounts:
        sent = await account.card.send(account.walk.contact.id, "Hello", secrets.token_hex(8))
        messages[account.portal_id] = str(sent.body["message_id"])

    for account in accounts:

        async def found(account: Account = account) -> WhereAnswer | None:
            answer = await account.where(messages[account.portal_id])
            return answer if answer.steps else None

        answer = await eventually(found, what="the message to be found", seconds=SECONDS)
        assert {account.portal_id} == {step.portal_id for step in answer.steps}
        assert ["begun", "sent"] == [step.what for step in answer.steps]
    both = await accounts[0].where(accounts[0].walk.contact.phone)
    assert set(messages) <= {step.portal_id for step in both.steps}


async def test_a_workflow_asks_hubspot_nothing(accounts: tuple[Account, Account]) -> None:
    """A send of a workflow makes no call to HubSpot at all."""
    account = accounts[0]
    since = await account.walk.hubspot.last_request()

    assert "true" == (await account.workflow("quiet", "Hello"))["ok"]

    received = await account.walk.hubspot.requests(since=since)
    assert [] == [one.path for one in received if not one.path.startswith("/control")]
