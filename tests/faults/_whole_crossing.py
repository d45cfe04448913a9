"""Admins and reps of one account at the doors of another, with everything that is their own: nothing may open.

Each door is tried with its right owner too, for whom it opens; or a door that is shut for all would prove something.
"""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx2
from _whole_accounts import Account
from pydantic import JsonValue

from harness.admins import INSTALL_PATH, SESSION_COOKIE, Admin
from harness.card import Card
from harness.run_file import RunFile

PAIRS: Final = 10
OPEN: Final = range(200, 400)


@dataclass
class Crossings:
    """What was tried.

    Attributes:
        tried: doors that were somebody else's.
        opened: those that opened.
        shut: doors that stayed shut for their owners.
    """

    tried: int = 0
    opened: list[str] = field(default_factory=list)
    shut: list[str] = field(default_factory=list)

    def take(self, door: str, *, opened: bool, own: bool) -> None:
        """One try."""
        self.tried += not own
        if opened and not own:
            self.opened.append(door)
        if own and not opened:
            self.shut.append(door)


async def cross(http: httpx2.AsyncClient, run: RunFile, accounts: Sequence[Account], now: float) -> Crossings:
    """Try every door of some accounts with their own people and with the next account's."""
    found, chosen = Crossings(), [one for one in accounts if not one.moving][: PAIRS + 1]
    for owner, other in itertools.pairwise(chosen):
        for visitor in (owner, other):
            admin = await Admin.sign_in(http, run.chert_url, visitor.user)
            async for door, opened in _doors(http, run, admin, owner):
                found.take(door, opened=opened, own=visitor is owner)
        async with Card(run, owner.portal_id, now=lambda: now) as card:
            for whose in (owner, other):
                body = (await card.context(whose.people[0].contact_id)).body
                found.take("card", opened=_shows(body, whose.people[0].phone), own=whose is owner)
    return found


async def _doors(
    http: httpx2.AsyncClient, run: RunFile, admin: Admin, owner: Account
) -> AsyncIterator[tuple[str, bool]]:
    """Every page of an account's console, asked for by somebody who is signed in."""
    page = f"{run.gateway_url}/console/projects/{owner.slug}/accounts/{owner.portal_id}"
    headers = {"Cookie": f"{SESSION_COOKIE}={admin.session}", "Accept": "text/html"}
    for door in (page, f"{page}/disconnect", f"{run.gateway_url}{INSTALL_PATH}?project={owner.slug}"):
        answer = await http.get(door, headers=headers)
        yield door.removeprefix(run.gateway_url), answer.status_code in OPEN
    saved = await admin.change_settings(
        run.gateway_url, owner.slug, owner.portal_id, **owner.settings, label=owner.label or ""
    )
    yield "settings", saved.status_code in OPEN


def _shows(body: dict[str, JsonValue], phone: str) -> bool:
    """Whether a card's answer shows this number."""
    contact = body.get("contact")
    return isinstance(contact, dict) and contact.get("phone") == phone
