"""Enrolments while `actions` is killed (-9) at every named point and Chert is as unkind as it can be: each sent once.

First many wait for a reply, and half get one. Then limits bind: many contacts at once on three lines over days. Then
Chert forgets idempotency keys, after an hour and after a day, while nobody knows whether messages went out. Then
workflows have two send steps, some wait for a reply, HubSpot repeats what it got no answer to, and some calls that it
did get one to. The simulators' ledgers are the judge.
"""

import asyncio
from typing import Final

from _sending import LIMITED, POINTS, REPEATED, SEED, WAITING, Sending
from _workflow_world import http_client

from harness.own_systems import own_system
from harness.reports import Report, Scale
from harness.system import System

ENROLMENTS: Final = {Scale.QUICK: 1_000, Scale.FULL: 10_000}
EACH_POINT: Final = {Scale.QUICK: 3, Scale.FULL: 50}
FORGOTTEN: Final = {Scale.QUICK: 30, Scale.FULL: 200}


def main(scale: Scale) -> Report:
    """Every phase, and the sum of them."""
    report = Report("send_once", scale, seed=SEED)
    with own_system("send_once", services=("oauth", "webhooks", "actions")) as system:
        system.set_environment("chert", CHERT_SIM_UNPUBLISHED_ROUTES="true")
        system.restart("chert")  # past the life of a key, whether a message went out is looked up by its number
        asyncio.run(_measure(system, report, scale))
    return report


async def _measure(system: System, report: Report, scale: Scale) -> None:
    async with http_client() as http:
        run = Sending(system, http)
        replied = await run.for_replies()
        waited = await run.on_three_lines()
        await run.forgotten_keys(FORGOTTEN[scale])
        await run.under_kills(ENROLMENTS[scale], EACH_POINT[scale])
        await run.close()
    found = run.sum
    report.add("F.events", found.events, "enrolments", f">= {ENROLMENTS[scale]}")
    report.add("F.effects", found.effects, "messages", f">= {ENROLMENTS[scale]}")
    report.add("F.lost", found.lost, "messages", "== 0")
    report.add("F.doubled", found.doubled, "messages", "== 0")
    report.add("F.unfinished", found.unfinished, "steps", "== 0")
    report.add("F.given_up", found.given_up, "steps", "== 0")
    report.add("F.kills", found.kills, "kills", f">= {EACH_POINT[scale] * len(POINTS)}")
    report.add("F.points_hit", len(found.hit), "named points", f"== {len(POINTS)}")
    report.add("F.points", len(POINTS), "named points")
    for point in POINTS:
        report.add(f"F.at.{point}", found.hit[point], "kills", f">= {EACH_POINT[scale]}")
    report.add("F.faults", found.faults, "unkind answers of Chert")
    report.add("F.repeats", found.repeats, "calls again", f">= {REPEATED}")
    report.add("F.unequal", found.unequal, "answers", "== 0")
    report.add("F.completed", found.completed, "steps")
    report.add("F.completed_twice", found.completed_twice, "steps", "== 0")
    report.add("F.three_lines_sent", waited, "messages", f"== {LIMITED}")
    report.add("F.replies_told", replied, "steps", f"== {WAITING}")
