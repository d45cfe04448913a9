"""`chertctl chert subscribe`: look, then do what is missing, and never lose a secret."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from ops.tests.unit._played import NOW, PlayedDesk, played_desk
from tests.e2e._golden import same_as_golden

from chert_client import ChertClient
from chertctl import chert
from chertctl.outcomes import WrongCallError

URL = "https://app.example.test/api/chert/webhook"
SECRET = "f" * 64
DO_IT = (False, True, "new host")


class PlayedChert:
    """Chert's subscriptions."""

    def __init__(self) -> None:
        self.subscriptions: list[dict[str, Any]] = []
        self.calls: list[str] = []

    def add(self, url: str = URL, *, events: tuple[str, ...] = (), active: bool = True) -> None:
        """A subscription that is there."""
        self.subscriptions.append({"id": "s1", "url": url, "events": list(events), "is_active": active})

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """As Chert does (chert-contract.md, section 14.6)."""
        self.calls.append(request.method)
        body = json.loads(request.content) if request.content else {}
        if request.method == "GET":
            return httpx2.Response(200, json={"subscriptions": self.subscriptions})
        if request.method == "PATCH":
            return httpx2.Response(200, json={"subscription": {**self.subscriptions[0], **body}})
        made = {"id": "s2", "url": body["url"], "events": body["events"], "is_active": True, "secret": SECRET}
        return httpx2.Response(201, json={"subscription": made})


@pytest.fixture
def played() -> PlayedChert:
    """Chert without any."""
    return PlayedChert()


@pytest.fixture
async def client(played: PlayedChert) -> AsyncIterator[ChertClient]:
    """Our client of it."""
    async with ChertClient(
        "https://chert.test",
        signing_secret=lambda: b"secret",
        now=lambda: NOW,
        transport=httpx2.MockTransport(played.answer),
    ) as client:
        yield client


@pytest.fixture
def desk() -> PlayedDesk:
    """A desk."""
    return played_desk()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """Where a new secret goes."""
    return tmp_path / "secret.txt"


@pytest.fixture
def taken_file(secret_file: Path) -> Path:
    """A file that holds something already."""
    secret_file.write_text("something else")
    return secret_file


async def bring_about(
    desk: PlayedDesk, client: ChertClient, file: Path | None, how: tuple[bool, bool, str | None] = DO_IT, url: str = URL
) -> None:
    """What the verb does once it has looked."""
    await chert.bring_about(desk, client, "acme", url, await client.webhook_subscriptions("acme"), file, how)


def read(file: Path) -> tuple[str, int]:
    """A secret, and who may read it."""
    return file.read_text(), file.stat().st_mode & 0o777


async def test_what_delivers_is_left(
    desk: PlayedDesk, client: ChertClient, played: PlayedChert, capsys: pytest.CaptureFixture[str]
) -> None:
    """An active subscription on our path that hears replies is enough, whatever host it goes through."""
    played.add("https://proxy.example.test/api/chert/webhook", events=("message.received", "reaction.added"))

    await bring_about(desk, client, None)

    assert "nothing" == json.loads(capsys.readouterr().out)["done"]
    assert ["GET"] == played.calls
    assert [] == desk.told()


async def test_what_is_missing_is_made(
    desk: PlayedDesk, client: ChertClient, played: PlayedChert, secret_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chert tells the secret once: it goes into a file that only its owner reads, and onto no screen."""
    played.add("https://app.example.test/other")
    played.add(events=("reaction.added",))

    await bring_about(desk, client, secret_file)

    printed = capsys.readouterr().out
    same_as_golden("chert-subscribe", json.loads(printed))
    assert (SECRET, 0o600) == read(secret_file)
    assert SECRET not in printed
    assert [("chert subscribe", "began"), ("chert subscribe", "done")] == desk.told()


async def test_what_rests_is_woken(
    desk: PlayedDesk, client: ChertClient, played: PlayedChert, capsys: pytest.CaptureFixture[str]
) -> None:
    """An inactive subscription is activated, so that its secret stays the same."""
    played.add(active=False)

    await bring_about(desk, client, None)

    document = json.loads(capsys.readouterr().out)
    assert ("activate", True) == (document["done"], document["subscriptions"][0]["active"])
    assert ["GET", "PATCH"] == played.calls


async def test_a_dry_run_makes_nothing(
    desk: PlayedDesk, client: ChertClient, played: PlayedChert, secret_file: Path
) -> None:
    """It only looks."""
    await bring_about(desk, client, secret_file, (True, False, None))

    assert ["GET"] == played.calls
    assert [] == desk.told()


async def test_a_secret_is_never_lost_or_written_over(
    desk: PlayedDesk, client: ChertClient, played: PlayedChert, taken_file: Path
) -> None:
    """Without a file, with one that is there, or with an address that Chert refuses, nothing is made."""
    for file, url in ((None, URL), (taken_file, URL), (taken_file.with_name("new"), "http://localhost:8080/x")):
        with pytest.raises(WrongCallError):
            await bring_about(desk, client, file, url=url)

    assert {"GET"} == set(played.calls)
