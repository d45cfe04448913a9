"""Account A's session, signature and credential with B's ids, at every operation of every OpenAPI document.

Every id of every door is taken from this account and from that, in all ways; only the right way opens it, and no
answer tells anything of the other account. Each door opens for its owner, or one that is shut for all would pass.
"""

import base64
import itertools
import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
import pytest
from _ingress_deliveries import Signer
from rich.console import Console
from tests.e2e._doors import DOORS, OF_NOBODY, Door, Ids

from harness import pages
from harness.addresses import SERVICES
from harness.admins import SESSION_COOKIE, Admin, client
from harness.journal import Journal
from harness.seeding import console_user
from harness.system import System
from harness.waiting import eventually
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 60.0
REFUSED = {401, 403, 404}
OPEN_TO_ALL = {"oauth GET /console"}
"""Lists the session's own accounts, whatever else it is asked."""
KEPT = {"oauth GET /console/messages/{chert_tenant}/{message_id}", "actions GET /internal/activity/{portal_id}"}
"""Where an account's message and its send are seen: nobody took them away."""


@dataclass(frozen=True)
class Account:
    """One connected account with a message in each direction, and somebody who is signed in to its project."""

    ids: Ids
    admin: Admin
    words: str
    """What its lead wrote, which nobody else may read."""


class Visitor:
    """Calls doors as this account's people, sisters and outside systems do."""

    def __init__(self, system: System, http: httpx2.AsyncClient) -> None:
        self._system, self._http, self._signer = system, http, Signer.of(system)

    async def knock(self, door: Door, own: Account, ids: Ids) -> httpx2.Response:
        """Call it as it is to be called, with these ids."""
        fresh = {**ids, "fresh": secrets.token_hex(6)}
        target, body = door.target(fresh), b"" if door.body is None else json.dumps(door.body(fresh)).encode()
        return await self._call(door, own, target, body, self._proofs(door, own, target, body))

    async def knock_until_told(self, door: Door, own: Account) -> httpx2.Response:
        """Call it with one's own ids, again while it says to: that an account goes on is told to all a moment later."""

        async def told() -> httpx2.Response | None:
            answer = await self.knock(door, own, own.ids)
            return None if '"retryable":true' in answer.text else answer

        return await eventually(told, what=f"{door.name} to open", seconds=SECONDS)

    async def knock_with(self, door: Door, own: Account, other: Account) -> httpx2.Response:
        """Call it for another account with proofs that were made for one's own."""
        ids, theirs = ({**one.ids, "fresh": secrets.token_hex(6)} for one in (own, other))
        body = b"" if door.body is None else json.dumps(door.body(ids)).encode()
        proofs = self._proofs(door, own, door.target(ids), body)
        if door.caller in {"service", "sister", "operator"}:
            proofs = {**self._signed("GET", door.target(ids), b""), "Cookie": f"{SESSION_COOKIE}={own.admin.session}"}
        body = b"" if door.body is None else json.dumps(door.body(theirs)).encode()
        return await self._call(door, own, door.target(theirs), body, proofs)

    async def _call(
        self, door: Door, own: Account, target: str, body: bytes, proofs: Mapping[str, str]
    ) -> httpx2.Response:
        if door.caller == "form":
            return await self._fill_in(door, own, target)
        inside = door.caller in {"service", "sister", "operator"}
        base = self._system.url(door.service) if inside else self._system.addresses.gateway_url
        kind = {"Content-Type": "application/json"} if body else {}
        return await self._http.request(door.method, base + target, content=body, headers={**kind, **proofs})

    async def _fill_in(self, door: Door, own: Account, target: str) -> httpx2.Response:
        """Send the form of one's own page to an address, with all that makes it one's own."""
        base = self._system.addresses.gateway_url
        cookie = {"Cookie": f"{SESSION_COOKIE}={own.admin.session}", "Accept": "text/html"}
        page = "/console/projects/{project_id}/accounts/{portal_id}".format_map(own.ids)
        suffix = "/disconnect" if target.endswith("/disconnect") else ""
        shown = pages.parse((await self._http.get(f"{base}{page}{suffix}", headers=cookie)).text)
        form = next(one for one in shown.forms if one.action.endswith(door.operation.rpartition("/")[2]))
        return await self._http.post(base + target, data=dict(form.fields), headers={**cookie, "Origin": base})

    def _proofs(self, door: Door, own: Account, target: str, body: bytes) -> dict[str, str]:
        credentials = self._system.credentials
        match door.caller:
            case "session" | "form":
                return {"Cookie": f"{SESSION_COOKIE}={own.admin.session}", "Accept": "text/html"}
            case "hubspot":
                return self._signed(door.method, target, body)
            case "chert":
                headers = self._signer.chert(body, str(int(time.time())), older=False)
                return {name.decode(): value.decode() for name, value in headers}
            case "service":
                return {"Authorization": f"Bearer {credentials.service_credentials['timeline']}"}
            case "sister":
                return {"Authorization": f"Bearer {credentials.sister_credentials[door.service]}"}
            case "operator":
                return {"Authorization": f"Bearer {credentials.service_credentials['ops']}"}

    def _signed(self, method: str, target: str, body: bytes) -> dict[str, str]:
        headers = self._signer.hubspot(method, target, body, str(int(time.time() * 1000)))
        return {name.decode(): value.decode() for name, value in headers}


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """A client without cookies."""
    async with client() as http:
        yield http


@pytest.fixture
async def accounts(system: System, http: httpx2.AsyncClient) -> AsyncIterator[tuple[Account, Account]]:
    """Two accounts of two projects, each with a message sent, and one received with a file."""
    async with AsyncExitStack() as opened:

        async def connected() -> Account:
            run = system.seed(f"t{secrets.token_hex(4)}")
            walk = await opened.enter_async_context(Walk(run, Journal(Console(quiet=True))))
            await walk.connect()
            await walk.send()
            words = f"Words of {secrets.token_hex(8)}"
            message_id = await said(http, walk, words)
            ids = {
                "portal_id": str(walk.portal.portal_id),
                "project_id": walk.portal.project_id,
                "chert_tenant": run.chert.tenant_slug,
                "contact_id": walk.contact.id,
                "phone": walk.contact.phone,
                "line": (await walk.chert.lines(run.chert.tenant_slug))[0],
                "message_id": message_id,
            }
            admin = await Admin.sign_in(http, run.chert_url, console_user(run.chert.tenant_slug))
            return Account(ids, admin, words)

        yield await connected(), await connected()


async def said(http: httpx2.AsyncClient, walk: Walk, words: str) -> str:
    """The lead writes and sends a file along; the message's id, once it is on the timeline."""
    file = {"filename": "plan.txt", "content_type": "text/plain", "content": base64.b64encode(words.encode()).decode()}
    order = {"phone": walk.contact.phone, "text": words, "attachments": [file]}
    url = f"{walk.run.chert_url}/control/tenants/{walk.run.chert.tenant_slug}/replies"
    receipt = (await http.post(url, json=order)).raise_for_status().json()

    async def written() -> bool:
        logged = await walk.hubspot.timeline(walk.portal.portal_id, walk.contact.id)
        return any(words in one.body for one in logged)

    await eventually(written, what="the reply to be on the timeline", seconds=SECONDS)
    return str(receipt["message_id"])


def mixed(door: Door, own: Account, other: Account) -> Iterator[Ids]:
    """All ways to take a door's ids from two accounts, but those in which the ids alone say whose call it is."""
    for chosen in itertools.product((own, other), repeat=len(door.ids)):
        if all(one is own for one in chosen):
            continue
        if all(one is other for one in chosen) and door.caller not in {"session", "form"}:
            continue
        yield {**own.ids, **{name: one.ids[name] for name, one in zip(door.ids, chosen, strict=True)}}


def gives(door: Door, answer: httpx2.Response) -> bool:
    """Whether an answer gives anything; a list of one's own does not, nor an erasure of what one's own account kept."""
    return door.opened(answer) and door.name not in OPEN_TO_ALL and not door.operation.endswith("/erase-contact")


def documented(system: System) -> set[str]:
    """Every operation that a service's document names."""
    found = set()
    for service in SERVICES:
        document = httpx2.get(f"{system.url(service)}/openapi.json", trust_env=False).raise_for_status().json()
        for path, operations in document["paths"].items():
            found |= {f"{service} {method.upper()} {path}" for method in operations if method != "parameters"}
    return found


async def test_nobody_gets_through_a_door_of_another_account(
    system: System, http: httpx2.AsyncClient, accounts: tuple[Account, Account]
) -> None:
    """Each door with each mixture of ids, and with proofs of another call: none opens, none tells, nothing is gone."""
    visitor, tried, opened = Visitor(system, http), 0, []
    for own, other in (accounts, accounts[::-1]):
        for door in DOORS:
            answers = [await visitor.knock(door, own, ids) for ids in mixed(door, own, other)]
            if door.ids and door.name not in OPEN_TO_ALL:
                answers.append(await visitor.knock_with(door, own, other))
            tried += len(answers)
            opened += [(door.name, one.text[:200]) for one in answers if gives(door, one) or other.words in one.text]

    assert [] == opened
    assert tried >= 2 * len(DOORS)
    for own in accounts:
        kept = [await visitor.knock(door, own, own.ids) for door in DOORS if door.name in KEPT]
        assert [True] * len(KEPT) == [own.words in one.text or own.ids["contact_id"] in one.text for one in kept]


async def test_every_door_opens_for_its_owner_and_tells_of_nobody_else(
    system: System, http: httpx2.AsyncClient, accounts: tuple[Account, Account]
) -> None:
    """The same doors in the same ways with one's own ids: all open, and no answer holds a word of the other's."""
    visitor, shut, told = Visitor(system, http), [], []
    for own, other in (accounts, accounts[::-1]):
        for door in DOORS:
            answer = await visitor.knock_until_told(door, own)
            shut += [] if door.opened(answer) else [(door.name, answer.status_code, answer.text[:200])]
            told += [door.name] if other.words in answer.text else []

    assert ([], []) == (shut, told)


async def test_a_callback_belongs_to_whoever_began_it(
    system: System, http: httpx2.AsyncClient, accounts: tuple[Account, Account]
) -> None:
    """HubSpot's code and state connect nobody in somebody else's browser, not even in one that has begun as well."""
    base = system.addresses.gateway_url
    own, other = accounts
    mine = await own.admin.approve(await own.admin.begin(base, own.ids["project_id"]), int(own.ids["portal_id"]))
    stolen = await http.get(base + mine.target, headers={"Cookie": f"{SESSION_COOKIE}={other.admin.session}"})
    theirs = await other.admin.begin(base, other.ids["project_id"])
    exchanged = await http.get(
        base + mine.target, headers={"Cookie": f"{SESSION_COOKIE}={other.admin.session}; {theirs.cookies}"}
    )

    assert [True, True] == [one.status_code in {400, *REFUSED} for one in (stolen, exchanged)]
    assert (await own.admin.finish(base, mine)).has_redirect_location


def test_no_operation_is_without_a_door(system: System) -> None:
    """Whoever adds an operation with an account's id says here how it is called, or this fails."""
    doors, operations = {door.name for door in DOORS}, documented(system)

    assert [] == sorted(operations - doors - OF_NOBODY)
    assert [] == sorted((doors | OF_NOBODY) - operations)
