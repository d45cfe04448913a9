"""The main job from end to end, as people and the two outside systems see it: over HTTP alone, nothing left out.

Each step checks every expectation and says what it saw; the first miss ends the walk. The only look behind the scenes
is at Kafka: which events came, and whether a consumer group is past them.
"""

import secrets
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import JsonValue

from contracts.envelope import EventType
from contracts.messages import MessageReceived
from contracts.tenants import TenantSnapshot
from contracts.topics import MESSAGE_RECEIVED, MESSAGE_SENT, REPLY_RECORDED, TENANT_INSTALLED, TENANT_UNINSTALLED
from harness.browser import Browser, Visit
from harness.control import ChertControl, Communication, Execution, HubSpotControl, Reply
from harness.event_log import EventLog, Position
from harness.journal import Journal
from harness.run_file import RunFile
from harness.seeding import console_user
from harness.waiting import eventually

D = TypeVar("D", bound=TenantSnapshot)

LONGEST_WAIT_SECONDS = 30.0
"""The longest that any one thing may take before the walk gives up on it."""

UNKNOWN_TENANT = "unknown or inactive tenant"
"""What HubSpot shows for an account that is not connected (chert-contract.md, section 7)."""

PROJECTIONS = ("actions", "timeline")
"""The consumer groups that keep a projection of tenants."""

# An answer given again may differ in these and in nothing else.
_MAY_DIFFER = frozenset({"duplicate", "trace_id"})


class MissError(Exception):
    """Something was not as it must be; the text says what was expected and what came."""


def expect(what: str, expected: object, seen: object) -> None:
    """Check one expectation.

    Raises:
        MissError: it does not hold.
    """
    if expected != seen:
        raise MissError(f"{what}: expected {expected!r}, saw {seen!r}")


class Walk:
    """One walk through a running system; the steps are methods, so that a test can do harm between them."""

    def __init__(self, run: RunFile, journal: Journal) -> None:
        """Walk through this system with its first account and contact."""
        self.run = run
        self.journal = journal
        self.portal = run.portals[0]
        self.contact = self.portal.contacts[0]
        self.hubspot = HubSpotControl(run.hubspot_url)
        self.chert = ChertControl(run.chert_url)
        self.log = EventLog(run.kafka_bootstrap)
        self._changes: dict[str, Position[TenantSnapshot]] = {}

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self.hubspot.close()
        await self.chert.close()

    async def all_steps(self) -> Journal:
        """The whole main job.

        Raises:
            MissError: something was not as it must be.
            ConditionNotMetError: something did not come in time.
        """
        await self.connect()
        execution = await self.send()
        reply = await self.lead_replies()
        await self.reply_on_timeline(reply)
        await self.repeat(execution, reply)
        await self.uninstall()
        return self.journal

    async def connect(self) -> None:
        """Step 1: sign in to the console, connect HubSpot, and see the account active everywhere."""
        with self.journal.step("1. Connect HubSpot from the console"):
            async with Browser() as browser:
                console = await self._sign_in(browser)
                await self._consent(browser, console)
            tenant = await self._changed(TENANT_INSTALLED)
            expect("status of the tenant", "active", tenant.status)
            expect("project of the tenant", self.portal.project_id, tenant.project_id)

    async def send(self) -> Execution:
        """Step 2: a workflow sends a message through Chert; what HubSpot made of it."""
        with self.journal.step("2. A workflow sends an iMessage"):
            text = f"Hi Grace, shall we talk tomorrow at ten? ({secrets.token_hex(4)})"
            execution = await self.hubspot.run_workflow(self.portal.portal_id, self.contact.id, text)
            expect(
                f"what becomes of the enrolment ({execution.output_fields.get('error', 'no error said')})",
                "success",
                execution.outcome,
            )
            self.journal.note("workflow callback", execution.callback_id)
            sent = [one for one in await self.chert.sent(self.run.chert.tenant_slug) if one.body == text]
            expect("recipients of the message", [self.contact.phone], [one.phone for one in sent])
            expect("the message in the answer", sent[0].message_id, execution.output_fields.get("message_id"))
            self.journal.note("message sent", sent[0].message_id)
            event = await self.log.find(
                MESSAGE_SENT, lambda data: data.message_id == sent[0].message_id, seconds=LONGEST_WAIT_SECONDS
            )
            expect("contact of message.sent", self.contact.id, event.event.data.contact_id)
            self.journal.note("message.sent", event.event.id)
        return execution

    async def lead_replies(self) -> Reply:
        """Step 3, first half: the lead replies and the signed webhook is in Kafka when it is answered."""
        with self.journal.step("3. The lead replies …"):
            return await self._reply(f"Ten is fine, thank you. ({secrets.token_hex(4)})")

    async def reply_on_timeline(self, reply: Reply, *, seconds: float = LONGEST_WAIT_SECONDS) -> Communication:
        """Step 3, second half: the reply is on the contact's timeline, with its communication id announced.

        After a kill, allow for the lease of the killed process to be given up.
        """
        with self.journal.step("3. … and it is on the contact's timeline"):
            return await self._recorded(reply, seconds=seconds)

    async def repeat(self, execution: Execution, reply: Reply) -> None:
        """Step 4: the same call and the same webhook again change nothing.

        A further reply of the same conversation is the yardstick: it is handled after the repeated one.
        """
        with self.journal.step("4. The same call and the same webhook again"):
            sent_before = len(await self.chert.sent(self.run.chert.tenant_slug))
            again = await self.hubspot.repeat_workflow(self.portal.portal_id, execution.callback_id)
            expect("the answer to the repeated call", _lasting(execution), _lasting(again))
            expect("that it says so", "true", again.output_fields.get("duplicate"))
            first = await self._received(reply)
            await self.chert.redeliver(reply.event_id)
            await self._received(reply, after=first)
            further = await self._reply(f"See you then. ({secrets.token_hex(4)})")
            await self._recorded(further)
            expect("messages sent", sent_before, len(await self.chert.sent(self.run.chert.tenant_slug)))
            for one in (reply, further):
                expect("times the reply is on the timeline", 1, len(await self._on_timeline(one)))
            self.journal.note("on the timeline, once each", f"{reply.message_id}, {further.message_id}")

    async def uninstall(self) -> None:
        """Step 5: after an uninstall in HubSpot, a further workflow send is refused for good."""
        with self.journal.step("5. Uninstall in HubSpot"):
            await self.hubspot.uninstall(self.portal.portal_id)
            await self._changed(TENANT_UNINSTALLED)
            sent_before = len(await self.chert.sent(self.run.chert.tenant_slug))
            refused = await self.hubspot.run_workflow(self.portal.portal_id, self.contact.id, "Are you still there?")
            expect("what becomes of the enrolment", "fail_continue", refused.outcome)
            expect("the refusal's words", UNKNOWN_TENANT, refused.output_fields.get("error"))
            expect("messages sent", sent_before, len(await self.chert.sent(self.run.chert.tenant_slug)))
            self.journal.note("refused", refused.output_fields.get("error"))

    async def _sign_in(self, browser: Browser) -> Visit:
        asked = await browser.get(f"{self.run.gateway_url}/console")
        expect("where the console sends a stranger", "/login", asked.path)
        form = asked.page.form("user", "return_to")
        if form is None:
            raise MissError("the login page has no form with a user")
        console = await browser.submit(asked, form, user=console_user(self.run.chert.tenant_slug))
        expect("where the login leads", ("/console", 200), (console.path.rstrip("/"), console.status))
        return console

    async def _consent(self, browser: Browser, console: Visit) -> None:
        link = console.page.link("/api/hubspot/oauth/install")
        if link is None:
            raise MissError("the console has no link to connect HubSpot")
        consent = await browser.get(f"{self.run.gateway_url}{link}")
        expect("where Connect leads", self.run.hubspot_url, consent.url.partition("/oauth/")[0])
        form = consent.page.form("portal", "decision")
        if form is None:
            raise MissError(f"HubSpot's consent page has no form: {consent.page.words[:200]}")
        back = await browser.submit(consent, form, portal=str(self.portal.portal_id), decision="approve")
        expect("where the consent leads", 200, back.status)
        for word in (str(self.portal.portal_id), "Connected"):
            expect(f"{word!r} on the console", expected=True, seen=word in back.page.words)
        self.journal.note("connected account", self.portal.portal_id)

    async def _reply(self, text: str) -> Reply:
        reply = await self.chert.reply(self.run.chert.tenant_slug, self.contact.phone, text)
        self.journal.note("reply", reply.message_id)
        received = await self._received(reply)
        self.journal.note("message.received", received.event.id)
        return reply

    async def _received(
        self, reply: Reply, after: Position[MessageReceived] | None = None
    ) -> Position[MessageReceived]:
        """The reply's event, answered and in Kafka; with `after`, the one that a further delivery made."""
        wanted = 1 if after is None else 2
        await eventually(
            lambda: self._accepted(reply, wanted), what="the webhook to be accepted", seconds=LONGEST_WAIT_SECONDS
        )
        return await self.log.find(
            MESSAGE_RECEIVED,
            lambda data: data.message_id == reply.message_id,
            after=after,
            seconds=LONGEST_WAIT_SECONDS,
        )

    async def _accepted(self, reply: Reply, times: int) -> bool:
        return (await self.chert.deliveries(reply.event_id)).count(httpx2.codes.OK) >= times

    async def _recorded(self, reply: Reply, *, seconds: float = LONGEST_WAIT_SECONDS) -> Communication:
        recorded = await self.log.find(
            REPLY_RECORDED, lambda data: data.message_id == reply.message_id, seconds=seconds
        )
        expect("contact of the reply", self.contact.id, recorded.event.data.contact_id)
        written = await self._on_timeline(reply)
        expect("the communication", [recorded.event.data.communication_id], [one.id for one in written])
        self.journal.note("communication", written[0].id)
        return written[0]

    async def _on_timeline(self, reply: Reply) -> list[Communication]:
        timeline = await self.hubspot.timeline(self.portal.portal_id, self.contact.id)
        return [communication for communication in timeline if reply.text in communication.body]

    async def _changed(self, kind: EventType[D]) -> D:
        """The next event of this kind for our account, once every projection holds it."""
        change = await self.log.find(
            kind,
            lambda data: data.portal_id == self.portal.portal_id,
            after=self._changes.get(kind.name),
            seconds=LONGEST_WAIT_SECONDS,
        )
        self._changes[kind.name] = change
        self.journal.note(kind.name, change.event.id)
        for group in PROJECTIONS:
            await self.log.wait_consumed(group, change, seconds=LONGEST_WAIT_SECONDS)
        self.journal.note("projections past it", ", ".join(PROJECTIONS))
        return change.event.data


def _lasting(execution: Execution) -> dict[str, JsonValue]:
    """What must be the same each time an answer is given."""
    fields = {name: value for name, value in execution.output_fields.items() if name not in _MAY_DIFFER}
    return {"status": execution.status, "outcome": execution.outcome, "outputFields": fields}
