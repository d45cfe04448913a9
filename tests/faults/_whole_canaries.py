"""Where secrets, numbers and texts of the run over the whole system must not be, and the search for them there."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil
from _whole_accounts import FIRST_NUMBER
from _whole_people import People
from aiokafka import AIOKafkaConsumer
from pymongo import AsyncMongoClient

from harness.control import Received
from harness.event_log import partitions_of
from harness.system import System

NUMBER: Final = re.compile(rf"{FIRST_NUMBER // 100_000_000}\d{{8}}")
"""Every number of the run begins so and is as long; ids and moments that look alike are told apart by the list."""
_SERVICES: Final = ("oauth", "webhooks", "actions", "timeline", "gateway")
_TOKEN: Final = re.compile(r"na1-[\w-]{20,}")
"""How a refresh token of HubSpot's looks."""


def search(places: Iterable[tuple[str, str]], words: Mapping[str, str], numbers: frozenset[str]) -> list[str]:
    """What was found where: words by what they are, and numbers."""
    found = []
    for place, text in places:
        found += [f"{what} in {place}" for what, word in words.items() if word in text]
        found += [f"a phone number in {place}" for number in NUMBER.findall(text) if number in numbers][:1]
    return found


async def leaks(
    system: System, people: People, requests: Sequence[Received], bodies: Sequence[str], traces: Sequence[bytes]
) -> list[str]:
    """Everything that stands where it must not."""
    numbers = frozenset(one.phone[2:] for one in people.wanted) | frozenset(
        person.phone[2:] for account in people.accounts for person in account.people
    )
    credentials = _credentials(system)
    words = {"a text": people.canary, **credentials, **people.secrets}
    return [
        *search(_logs(system.files.folder / "logs"), words, numbers),
        *search(await _metrics(system), words, numbers),
        *search([("an error's body", body) for body in (*people.errors, *bodies)], words, numbers),
        *search([("a called address", f"{one.path}?{one.query}") for one in requests], words, numbers),
        *search(((f"traces of {len(body)} bytes", body.decode(errors="replace")) for body in traces), words, numbers),
        *search(_arguments(system), words, numbers),
        *await _in_topics(system, words, numbers, {**credentials, **people.secrets}),
        *await _unsealed(system, {**credentials, **people.secrets}),
        *_in_files(system, {**credentials, **people.secrets}),
    ]


def _credentials(system: System) -> dict[str, str]:
    own = system.credentials
    return {
        "HubSpot's client secret": own.hubspot_client_secret,
        "the state secret": own.state_secret,
        "Chert's signing secret": own.chert_signing_secret,
        "Chert's webhook secret": own.chert_webhook_secret,
        "a sealing key": base64.b64encode(own.sealing_key).decode(),
        "the hash key": own.number_hash_key,
        **{f"the credential of {name}": value for name, value in own.service_credentials.items()},
        **{f"the credential for {name}": value for name, value in own.sister_credentials.items()},
    }


def _logs(folder: Path) -> Iterator[tuple[str, str]]:
    """Line by line, of our own programs: what the simulators print is no part of the product."""
    for path in sorted(folder.glob("*.log")):
        if path.stem.partition("-")[0] in _SERVICES:
            yield path.name, path.read_text(errors="replace")


async def _metrics(system: System) -> list[tuple[str, str]]:
    async with httpx2.AsyncClient(trust_env=False, timeout=30.0) as http:
        return [
            (f"metrics of {name}", (await http.get(f"{system.url(name)}/metrics")).text) for name in system.services
        ]


async def _in_topics(
    system: System, words: Mapping[str, str], numbers: frozenset[str], secrets: Mapping[str, str]
) -> list[str]:
    """Anything in a header of a dead letter, whose value is the message itself, kept for operators alone.

    Secrets and tokens in any part of any record: keys, values, headers.
    """
    bootstrap, found = system.addresses.kafka_bootstrap, list[str]()
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign(await partitions_of(bootstrap, *await consumer.topics()))
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(one) < end for one, end in ends.items()]):
            for place, batch in (await consumer.getmany(timeout_ms=200)).items():
                for record in batch:
                    if place.topic.endswith(".dlq"):
                        found += search([(f"a header in {place.topic}", repr(record.headers))], words, numbers)
                    content = b"".join(
                        [record.key or b"", record.value or b"", *(value for _, value in record.headers)]
                    )
                    found += _secrets_in(f"a record of {place.topic}", content.decode(errors="replace"), secrets)
    return found


def _arguments(system: System) -> list[tuple[str, str]]:
    """What anybody on the machine sees of a process, and what whoever inspects it does."""
    found = []
    for name, process in system.processes.items():
        if process.running:
            seen = psutil.Process(process.pid)
            found.append((f"arguments of {name}", " ".join(seen.cmdline())))
            if name.partition("-")[0] in _SERVICES:
                found.append((f"the environment of {name}", " ".join(seen.environ().values())))
    return found


async def _unsealed(system: System, secrets: Mapping[str, str]) -> list[str]:
    """Tokens and secrets in any document of any service."""
    found = []
    async with AsyncMongoClient[dict[str, Any]](system.addresses.mongo_url) as client:
        for name in ("oauth", "actions", "timeline"):
            for collection in await client[name].list_collection_names():
                async for document in client[name][collection].find():
                    found += _secrets_in(f"{name}.{collection}", repr(document), secrets)
    return found


def _in_files(system: System, secrets: Mapping[str, str]) -> list[str]:
    """Tokens and secrets in the embedded database's own files, where documents of the past still lie."""
    files = [path for path in (system.files.folder / "database").rglob("*") if path.is_file()]
    return [
        one for path in files for one in _secrets_in(path.name, path.read_bytes().decode(errors="replace"), secrets)
    ]


def _secrets_in(place: str, text: str, secrets: Mapping[str, str]) -> list[str]:
    found = [f"{what} in {place}" for what, word in secrets.items() if word in text]
    return [*found, f"a refresh token in {place}"] if _TOKEN.search(text) else found
