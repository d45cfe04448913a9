"""The account itself: its details, and removing the app from it (contract 1.4 and 1.5)."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from simulators.hubspot.access import Installed
from simulators.hubspot.simulator import SimulatorDep

VERSIONS = ("v3", "2026-03", "2026-09")

details_router = APIRouter()
uninstall_router = APIRouter()


@details_router.get("/details")
async def details(request: Request, caller: Installed) -> Response:
    """Facts about the account; `uiDomain` is where its pages are, here this very server."""
    return caller.answer(
        {
            "portalId": caller.portal.portal_id,
            "accountType": "STANDARD",
            "timeZone": "US/Eastern",
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": "-05:00",
            "utcOffsetMilliseconds": -18_000_000,
            "uiDomain": request.url.netloc,
            "dataHostingLocation": "na1",
        }
    )


@uninstall_router.delete("/external-install")
async def uninstall(caller: Installed, simulator: SimulatorDep) -> Response:
    """Remove the app from the account whose token calls."""
    simulator.uninstall(caller.portal)
    return Response(status_code=204, headers=caller.headers)
