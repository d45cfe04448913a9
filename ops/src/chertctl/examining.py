"""`doctor`'s checks that ask somebody: services, clocks, topics, signatures."""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx2
from aiokafka.errors import KafkaError
from pydantic import BaseModel, ValidationError

from chassis.clock import milliseconds
from chertctl import catalogue, cluster
from chertctl import lag as lags
from chertctl.cluster import ClusterError
from chertctl.findings import Finding, Spoken
from chertctl.outcomes import AwayError, OperatorError, WrongCallError
from chertctl.settings import ServiceName, Settings
from chertctl.verbs import Desk
from contracts.internal import KeyReport

SERVICES: Final[tuple[ServiceName, ...]] = ("oauth", "webhooks", "actions", "timeline")

ASK_SECONDS: Final = 5.0

SKEW_SECONDS: Final = 5.0
"""A clock that is further off is told; HubSpot's and Chert's signatures allow five minutes."""

LATE_SECONDS: Final = 60.0
"""A group that is further behind is told."""

_WEBHOOK_PATH: Final = "/api/hubspot/webhook"

_SPOKEN: Final = re.compile(
    r'^hubspot_supported_until_seconds\{api_version="(?P<version>[^"]+)",use="(?P<use>[^"]+)"\}', re.MULTILINE
)
"""A line of the exposition; labels stand in the order of their names."""


class _Readiness(BaseModel):
    ready: bool
    missing: dict[str, str] = {}


async def of_service(http: httpx2.AsyncClient, settings: Settings, name: ServiceName, now: datetime) -> list[Finding]:
    """Is a service there, which of its dependencies is not, and is its clock right?"""
    url: str | None = getattr(settings, f"{name}_url")
    if url is None:
        return []  # told among the settings
    try:
        answer = await http.get(f"{url.rstrip('/')}/readyz", timeout=ASK_SECONDS)
        readiness = _Readiness.model_validate_json(answer.content)
    except (httpx2.HTTPError, ValidationError) as error:
        words = f"does not answer at {url} ({type(error).__name__})"
        return [Finding(name, "fault", words, f"Is {name} up, and is CHERTCTL_{name.upper()}_URL its own address?")]
    found = [*_skew(name, answer.headers.get("date"), now)]
    if readiness.ready:
        return [Finding(name, "ok", "ready"), *found]
    missing = ", ".join(f"{what} ({kind})" for what, kind in readiness.missing.items())
    remedy = "See to that dependency; the service goes on by itself. What it was to do waits in Kafka."
    return [Finding(name, "fault", f"not ready: {missing}", remedy), *found]


async def spoken(http: httpx2.AsyncClient, settings: Settings) -> Spoken:
    """What for, and in which version, services that answer speak to HubSpot: they export it."""
    urls = [getattr(settings, f"{name}_url") for name in SERVICES]
    texts = await asyncio.gather(*(_metrics(http, url) for url in urls if url is not None))
    return {(found["use"], found["version"]) for text in texts for found in _SPOKEN.finditer(text)}


async def _metrics(http: httpx2.AsyncClient, url: str) -> str:
    try:
        return (await http.get(f"{url.rstrip('/')}/metrics", timeout=ASK_SECONDS)).text
    except httpx2.HTTPError:
        return ""  # told with the service


async def of_credential(desk: Desk) -> Finding:
    """Do services know this operator?"""
    try:
        await desk.services.call("oauth", "GET", "/ops/keys", KeyReport, seconds=ASK_SECONDS)
    except OperatorError as error:
        return Finding("operators' credential", "fault", str(error),
                       "It has to be `ops` in `service_credentials` of every service's secrets file.")  # fmt: skip
    return Finding("operators' credential", "ok", "oauth knows it")


async def of_topics(settings: Settings, file: Path) -> list[Finding]:
    """Is Kafka there, and is every topic as the catalogue says?"""
    if settings.kafka_bootstrap is None:
        return []
    try:
        wanted = catalogue.read(file)
    except (OSError, ValueError) as error:
        return [Finding("topics", "warning", f"{file} cannot be read ({type(error).__name__})", "Name it with --file.")]
    try:
        async with asyncio.timeout(2 * ASK_SECONDS), cluster.connected(settings.kafka_bootstrap) as kafka:
            differences = await kafka.differences(wanted.wanted(await kafka.brokers()))
    except WrongCallError as error:
        return [Finding("Kafka", "fault", str(error), "Give CHERTCTL_KAFKA_… what the services have as theirs.")]
    except (TimeoutError, KafkaError, ClusterError) as error:
        words = f"does not answer at {settings.kafka_bootstrap} ({type(error).__name__})"
        return [Finding("Kafka", "fault", words, "Is it up? Services keep their state and go on by themselves.")]
    if not differences:
        return [Finding("topics", "ok", "all are as the catalogue says")]
    missing = any(one.what == "missing" for one in differences)
    remedy = "`chertctl topics create` makes what is missing" if missing else "See `chertctl topics diff`"
    return [
        Finding("topics", "fault" if missing else "warning",
                f"{one.topic}: {one.what} is {one.found or 'not there'}, wanted {one.wanted}", f"{remedy}.")
        for one in differences
    ]  # fmt: skip


async def of_lag(settings: Settings, now: datetime) -> list[Finding]:
    """Is a group behind?"""
    if settings.kafka_bootstrap is None:
        return []
    try:
        async with asyncio.timeout(2 * ASK_SECONDS):
            measured = await lags.measure(settings.kafka_bootstrap, None, None, now)
    except (TimeoutError, AwayError, WrongCallError):
        return []  # told among the topics
    late = [one for one in measured if (one.seconds or 0.0) > LATE_SECONDS]
    return [
        Finding("lag", "warning", f"{one.group} is {one.seconds:.0f} s ({one.messages} messages) behind on {one.topic}",
                f"Is {one.group} ready? If it is, and stays behind: `chertctl dlq list`, then more replicas.")
        for one in late
    ] or [Finding("lag", "ok", f"no group is {LATE_SECONDS:.0f} s behind")]  # fmt: skip


async def of_signatures(http: httpx2.AsyncClient, desk: Desk) -> Finding:
    """Does the ingress take what HubSpot would sign, and nothing else? An empty batch is sent, which tells nothing."""
    settings, secrets, check = desk.settings, desk.secrets.hubspot_client_secrets, "signature self-test"
    if not secrets or settings.webhooks_url is None or settings.public_base_url is None:
        return Finding(check, "warning", "not done: an address or a secret is missing", "See above.")
    try:
        right = await _signed(http, settings, secrets[0].get_secret_value().encode(), desk.clock.now())
        wrong = await _signed(http, settings, b"a secret that nobody has", desk.clock.now())
    except httpx2.HTTPError as error:
        return Finding(check, "fault", f"webhooks does not answer ({type(error).__name__})", "See above.")
    return _judged(check, right, wrong)


def _judged(check: str, right: int, wrong: int) -> Finding:
    """What the answers to a right and to a wrong signature say."""
    if max(right, wrong) >= httpx2.codes.INTERNAL_SERVER_ERROR:
        return Finding(check, "fault", f"answered with {max(right, wrong)}", "See webhooks above.")
    if wrong != httpx2.codes.UNAUTHORIZED:
        return Finding(check, "fault", f"a wrong signature was answered with {wrong}", "Stop webhooks, and tell us.")
    if right == httpx2.codes.UNAUTHORIZED:
        return Finding(
            check, "fault", "a right signature was refused",
            "Either `hubspot_client_secrets` or WEBHOOKS_PUBLIC_BASE_URL of webhooks is not ours, or a clock is off; "
            "`chertctl signature explain` says which.",
        )  # fmt: skip
    if right >= httpx2.codes.BAD_REQUEST:
        return Finding(check, "fault", f"a right signature was answered with {right}", "Is webhooks of this release?")
    return Finding(check, "ok", "a right signature is taken, a wrong one refused")


async def _signed(http: httpx2.AsyncClient, settings: Settings, secret: bytes, now: datetime) -> int:
    """The status of an empty batch with HubSpot's signature, version 3 (hubspot-contract.md, section 3)."""
    body, sent_at = b"[]", str(milliseconds(now))
    url = f"{(settings.public_base_url or '').rstrip('/')}{_WEBHOOK_PATH}"
    digest = hmac.digest(secret, f"POST{url}".encode() + body + sent_at.encode(), hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "X-HubSpot-Request-Timestamp": sent_at,
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
    }
    target = f"{(settings.webhooks_url or '').rstrip('/')}{_WEBHOOK_PATH}"
    return (await http.post(target, content=body, headers=headers, timeout=ASK_SECONDS)).status_code


def _skew(name: str, date: str | None, now: datetime) -> Iterator[Finding]:
    if date is None:
        return
    try:
        off = (parsedate_to_datetime(date) - now).total_seconds()
    except (ValueError, TypeError):
        return
    if abs(off) > SKEW_SECONDS:
        words = f"its clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this one"
        yield Finding(f"clock of {name}", "warning", words, "Check NTP on both; past 300 s every signature is refused.")
