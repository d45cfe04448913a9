"""Everybody who wants something in the run over the whole system: admins, reps, workflows and leads.

Each does what is due, comes again as its like would, and keeps what was wanted and what the answer was.
"""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import httpx2
from _whole_accounts import AFTERWARDS, FIRST_NUMBER, NEW_NUMBER, Account, Person, Wanted, account_of
from _whole_books import Said
from _whole_schedule import Act
from _workflow_world import FINAL

from harness.admins import Admin, UnexpectedAnswerError
from harness.card import Card, CardAnswer
from harness.control import ChertControl, ControlError, HubSpotControl
from harness.event_log import EventLog
from harness.run_file import RunFile
from harness.system import System
from harness.waiting import eventually, pace

BESIDE: Final = 8
PATIENCE_SECONDS: Final = 240.0
AGAIN_SECONDS: Final = 1.0
ACCEPTED: Final = "success"
SUCCESS: Final = range(200, 400)
OPTED_OUT: Final = "STOP"

Trouble = (httpx2.TransportError, ControlError, UnexpectedAnswerError)
"""How a step of somebody's fails when something is away."""


class People:
    """All of them.

    Attributes:
        run: where they are.
        canary: stands in every text that somebody wrote, and nowhere else.
        errors: bodies of refusals, for the search for `secrets`, which are those of admins.
    """

    def __init__(self, system: System, http: httpx2.AsyncClient, run: RunFile) -> None:
        self._system, self._http, self.run = system, http, run
        self._url = run.gateway_url
        self.hubspot, self.chert = HubSpotControl(run.hubspot_url), ChertControl(run.chert_url)
        self.log = EventLog(run.kafka_bootstrap)
        self.canary = f"canary{secrets.token_hex(6)}"
        self.accounts: list[Account] = []
        self.wanted: list[Wanted] = []
        self.said: list[Said] = []
        self.errors: list[str] = []
        self.secrets: dict[str, str] = {}
        self.done: dict[str, int] = {}
        self._events: list[str] = []

    async def close(self) -> None:
        """Close connections."""
        await self.hubspot.close()
        await self.chert.close()

    @property
    def text(self) -> re.Pattern[str]:
        """What somebody wrote."""
        return re.compile(rf"{self.canary}[a-z]\d+z")

    @property
    def steady_replies(self) -> list[Said]:
        """Replies to accounts that were there all the time, with a text of their own."""
        still = {one.portal_id for one in self.accounts if not one.moving}
        return [one for one in self.said if one.portal_id in still and self.text.fullmatch(one.text)]

    async def settle_in(self, accounts: int, leads: int) -> None:
        """Open and connect so many accounts, a few at once."""
        gate = asyncio.Semaphore(BESIDE)
        self.accounts = [Account(number) for number in range(accounts)]

        async def one(account: Account) -> None:
            async with gate:
                await self._open(account, leads)
                if account.creating:
                    await self._save(account, "first")

        await asyncio.gather(*(one(account) for account in self.accounts))

    async def do(self, act: Act) -> None:
        """What is due."""
        handlers: dict[str, Callable[[Act, Account], Awaitable[None]]] = {
            "workflow": self._workflow,
            "card": self._card,
            "creation": self._create,
            "reply": self._reply,
            "repeat": self._repeat,
            "stop": self._stop,
            "settings": self._change_settings,
            "move": self._move,
        }
        await handlers[act.kind](act, account_of(act, self.accounts))
        self.done[act.kind] = self.done.get(act.kind, 0) + 1

    async def come_back(self) -> None:
        """Connect every account again that is not."""
        for account in self.accounts:
            async with account.alone:
                if not account.connected:
                    await self._until_done(partial(self._connect, account))

    async def leave(self, accounts: list[Account]) -> None:
        """Uninstall the app in these accounts."""
        for account in accounts:
            await self.hubspot.uninstall(account.portal_id)
            account.connected = False

    async def write_to_the_opted_out(self) -> None:
        """Whoever opted out is written to once more."""
        for number, account in enumerate([one for one in self.accounts if one.stopped]):
            act = Act(at=0.0, kind="workflow", account=account.number, serial=AFTERWARDS + number)
            await self._run_workflow(act, account, account.stopper, forbidden=True)

    async def settled(self) -> bool:
        """Whether every execution ended; learns what each came to."""
        for one in self.wanted:
            if one.verdict == "open" and one.callback_id:
                outcome = await self.hubspot.executed(one.callback_id)
                if outcome in FINAL:
                    one.verdict, one.reason = ("accepted" if outcome == ACCEPTED else "refused"), outcome
        return not any(one.verdict == "open" and one.callback_id for one in self.wanted)

    async def open_a_card_without_a_number(self) -> None:
        """A rep looks at a contact who has no number, and is to be told why nothing can be sent."""
        account = self.accounts[-1]
        (contact_id,) = await self.hubspot.add_contacts(account.portal_id, [{"firstname": "Nobody"}])
        async with Card(self.run, account.portal_id, now=self._system.now) as card:

            async def shown() -> bool:
                return (await card.context(contact_id)).body.get("ok") is not False

            await self._until_done(shown)

    def _text(self, act: Act, letter: str) -> str:
        return f"{self.canary}{letter}{act.serial}z"

    async def _open(self, account: Account, leads: int) -> None:
        tenant = {"slug": account.slug, "project_id": account.slug, "name": account.slug, "user": account.user}
        (await self._http.post(f"{self.run.chert_url}/control/tenants", json=tenant)).raise_for_status()
        await self.hubspot.open_account(account.portal_id, account.slug)
        phones = [f"+1{FIRST_NUMBER + account.number * 1_000 + each}" for each in range(leads + 1)]
        found = await self.hubspot.add_contacts(account.portal_id, [{"phone": phone} for phone in phones])
        account.people = [Person(one, phone) for one, phone in zip(found, phones, strict=True)]
        await self._until_done(partial(self._connect, account))

    async def _connect(self, account: Account) -> bool:
        admin = await self._admin(account)
        consent = await admin.approve(await admin.begin(self._url, account.slug), account.portal_id)
        self.secrets |= {f"{name} {account.number}": value for name, value in consent.secrets.items()}
        answer = await admin.finish(self._url, consent)
        account.connected = self._heard(answer).status_code in SUCCESS
        return account.connected

    async def _disconnect(self, account: Account) -> bool:
        admin = await self._admin(account)
        answer = await admin.disconnect(self._url, account.slug, account.portal_id)
        return self._heard(answer).status_code in SUCCESS

    async def _save(self, account: Account, label: str) -> None:
        async def save() -> bool:
            admin = await self._admin(account)
            given = {**account.settings, "label": label}
            answer = await admin.change_settings(self._url, account.slug, account.portal_id, **given)
            return self._heard(answer).status_code in SUCCESS and answer.request.method == "POST"

        await self._until_done(save)
        account.label = label

    async def _admin(self, account: Account) -> Admin:
        admin = await Admin.sign_in(self._http, self.run.chert_url, account.user)
        self.secrets[f"session {account.number}"] = admin.session
        return admin

    async def _until_done(self, step: Callable[[], Awaitable[bool]]) -> None:
        """Do it, and again while something is in the way."""

        async def tried() -> bool:
            try:
                done = await step()
            except Trouble:
                done = False
            if not done:
                await pace(AGAIN_SECONDS)
            return done

        await eventually(tried, what="somebody to get through", seconds=PATIENCE_SECONDS)

    async def _workflow(self, act: Act, account: Account) -> None:
        await self._run_workflow(act, account, account.people[act.lead])

    async def _run_workflow(self, act: Act, account: Account, person: Person, *, forbidden: bool = False) -> None:
        wish = Wanted(act, "workflow", account, person.contact_id, person.phone, self._text(act, "w"))
        wish.refusable, wish.forbidden = account.moving or forbidden, forbidden
        self.wanted.append(wish)
        execution = await self.hubspot.run_workflow(account.portal_id, person.contact_id, wish.text)
        wish.callback_id = execution.callback_id
        if execution.outcome != ACCEPTED:
            self.errors.append(str(execution.body))

    async def _card(self, act: Act, account: Account) -> None:
        person = account.people[act.lead]
        wish = Wanted(act, "card", account, person.contact_id, person.phone, self._text(act, "c"))
        wish.refusable, wish.client_id = account.moving, f"whole-{self.canary[-6:]}-{act.serial}"
        self.wanted.append(wish)
        async with Card(self.run, account.portal_id, now=self._system.now) as card:

            async def sent() -> bool:
                await card.context(person.contact_id)
                return self._learned(wish, await card.send(person.contact_id, wish.text, wish.client_id))

            await self._until_done(sent)

    def _learned(self, wish: Wanted, answer: CardAnswer) -> bool:
        """Whether a card's answer is the last word."""
        if answer.body.get("ok") is True:
            wish.verdict = "accepted"
            return True
        self.errors.append(str(answer.body))
        wish.reason = str(answer.body.get("error"))
        if answer.body.get("retryable") is False:
            wish.verdict = "refused"
        return wish.verdict == "refused"

    async def _create(self, act: Act, account: Account) -> None:
        phone = f"+1{NEW_NUMBER + act.serial}"
        text = self._text(act, "n")
        order = {"properties": {"firstname": text, "phone": phone}}
        url = f"{self.run.hubspot_url}/control/portals/{account.portal_id}/contacts"
        made = (await self._http.post(url, json=order)).raise_for_status().json()
        wish = Wanted(act, "creation", account, str(made["id"]), phone, text, verdict="accepted")
        self.wanted.append(wish)

    async def _reply(self, act: Act, account: Account) -> None:
        await self._say(act, account, account.people[act.lead], self._text(act, "r"))

    async def _say(self, act: Act, account: Account, person: Person, text: str) -> None:
        reply = await self.chert.reply(account.slug, person.phone, text)
        key = f"{account.portal_id}:{account.slug}:{reply.message_id}"
        self._events.append(reply.event_id)
        self.said.append(
            Said(
                at=act.at,
                portal_id=account.portal_id,
                tenant=account.slug,
                contact_id=person.contact_id,
                chat_id=reply.chat_id,
                message_id=reply.message_id,
                text=key if text == OPTED_OUT else text,
            )
        )

    async def _repeat(self, act: Act, _: Account) -> None:
        """What was called or delivered before comes again."""
        calls = [one for one in self.wanted if one.callback_id]
        if act.serial % 2 and calls:
            again = calls[act.serial % len(calls)]
            await self.hubspot.repeat_workflow(again.account.portal_id, again.callback_id)
        elif self._events:
            await self.chert.redeliver(self._events[act.serial % len(self._events)])

    async def _stop(self, act: Act, account: Account) -> None:
        await self._say(act, account, account.stopper, OPTED_OUT)
        account.stopped = True

    async def _change_settings(self, act: Act, account: Account) -> None:
        if not account.moving:
            async with account.alone:
                await self._save(account, f"label {act.serial}")

    async def _move(self, act: Act, account: Account) -> None:
        async with account.alone:
            account.moved += 1
            if not account.connected:
                await self._until_done(partial(self._connect, account))
            elif act.serial % 2:
                await self._until_done(partial(self._disconnect, account))
                account.connected = False
            else:
                await self.hubspot.uninstall(account.portal_id)
                account.connected = False

    def _heard(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.status_code not in SUCCESS:
            self.errors.append(answer.text)
        return answer
