"""The books of the run over the whole system: gathered from both simulators, the topics and the services' databases."""

import re
from collections.abc import Sequence
from typing import Any, Final

import httpx2
from _tenant_stream import TenantStream
from _whole_accounts import Account
from _whole_books import Arrived, Books, Install, Recorded, Sent, ToldSent, Written
from _whole_people import People
from pymongo import AsyncMongoClient

from contracts.internal import TenantCheck
from contracts.topics import MESSAGE_RECEIVED, MESSAGE_SENT, REPLY_RECORDED
from harness.control import Communication
from harness.event_log import EventLog
from harness.system import System

CALL_SECONDS: Final = 60.0
ACCEPTED: Final = "accepted"


async def collect(system: System, people: People) -> Books:
    """Everything, as it stands now."""
    log, text = EventLog(system.addresses.kafka_bootstrap), people.text
    received = sorted(await log.all(MESSAGE_RECEIVED), key=lambda one: (one.partition, one.offset))
    arrived: dict[str, Arrived] = {}
    for data in (one.event.data for one in received):
        arrived.setdefault(data.message_id, Arrived(data.message_id, data.received_at.timestamp()))
    async with AsyncMongoClient[dict[str, Any]](system.addresses.mongo_url, tz_aware=True) as database:
        kept_sends, doubtful = await _kept_sends(database), await _doubtful(database)
        kept_entries = [
            Recorded(one["_id"], one["_id"])
            async for one in database["timeline"]["entries"].find({"state": "recorded"}, {"_id": 1})
        ]
    logged = await people.hubspot.logged()
    return Books(
        asked=[one.closed(doubtful) for one in people.wanted],
        sent=await _sent(system, text),
        told_sent=[
            ToldSent(one.event.id, one.event.data.portal_id, one.event.data.chert_tenant, one.event.data.message_id)
            for one in await log.all(MESSAGE_SENT)
        ],
        kept_sends=kept_sends,
        said=people.said,
        written=[_written(one, text) for one in logged],
        recorded=[
            Recorded(
                one.event.id,
                f"{one.event.data.portal_id}:{one.event.data.chert_tenant}:{one.event.data.message_id}",
            )
            for one in await log.all(REPLY_RECORDED)
        ],
        kept_entries=kept_entries,
        received=list(arrived.values()),
        installs=await _installs(system, people.accounts),
    )


async def _sent(system: System, text: re.Pattern[str]) -> list[Sent]:
    async with httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS) as http:
        ledger = (await http.get(f"{system.url('chert')}/control/ledger")).raise_for_status().json()
    return [
        Sent(one["message_id"], one["tenant"], one["phone"], _marked(one["body"], text) or one["body"])
        for one in ledger["sends"]
    ]


async def _kept_sends(database: AsyncMongoClient[dict[str, Any]]) -> list[ToldSent]:
    found = database["actions"]["sends"].find({"answer.kind": ACCEPTED, "same_as": None})
    return [
        ToldSent(one["_id"], one["portal_id"], one["chert_tenant"], one["answer"]["message_id"]) async for one in found
    ]


async def _doubtful(database: AsyncMongoClient[dict[str, Any]]) -> list[str]:
    """Sends without an answer of which an attempt had an end that nobody knows."""
    found = database["actions"]["sends"].find({"answer": None, "attempts": {"$exists": True}}, {"attempts": 1})
    return [one["_id"] async for one in found if _ends_unknown(one["attempts"])]


def _ends_unknown(attempts: Sequence[dict[str, Any]]) -> bool:
    clear = {one["fence"] for one in attempts if one["status"] in {"unsent", "parked"}}
    return any(one["fence"] not in clear for one in attempts)


def _written(one: Communication, text: re.Pattern[str]) -> Written:
    """A STOP has no text of its own, and is known by the id that its write carries."""
    key = one.write_trace_id or ""
    return Written(one.portal_id, tuple(one.contact_ids), key, _marked(one.body, text) or key)


def _marked(body: str, text: re.Pattern[str]) -> str:
    found = text.search(body)
    return found.group() if found else ""


async def _installs(system: System, accounts: Sequence[Account]) -> list[Install]:
    stream = TenantStream(system.addresses.kafka_bootstrap)
    await stream.catch_up()
    bearer = {"Authorization": f"Bearer {system.credentials.service_credentials['timeline']}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS) as http:
        ledger = (await http.get(f"{system.url('hubspot')}/control/ledger")).raise_for_status().json()
        installed = {portal["portal_id"] for portal in ledger["portals"] if portal["installed"]}
        found = []
        for account in accounts:
            url = f"{system.url('oauth')}/internal/tenants/{account.portal_id}"
            check = TenantCheck.model_validate_json((await http.get(url, headers=bearer)).content)
            found.append(_install(account, check, account.portal_id in installed, stream))
    await stream.close()
    return found


def _install(account: Account, check: TenantCheck, installed: bool, stream: TenantStream) -> Install:
    told = stream.told(account.portal_id)
    last = told[-1].data if told else None
    return Install(
        portal_id=account.portal_id,
        wanted=account.connected,
        hubspot=installed,
        oauth=check.status,
        told=last.status if last else "nothing",
        label_wanted=account.label,
        label_told=last.settings.label if last else "",
        flaws=tuple(stream.flaws(account.portal_id)),
    )
