"""Facts for which Chert publishes no route, in shapes assumed here and served by a switch.

All under `/api/v1/unpublished`, authenticated as the Messaging API is; with the switch off each is 404, code 2011:

- `POST /leads/lookup` `{"phone": "+1…"}` -> `{"lead": {"id", "chat_id", "convo_id", "phone", "name",
  "external_id", "phone_line_id", "created_at"}}`, or 404 with code 2011. A POST, so that no number stands in a URL.
- `GET /campaign` -> `{"campaign": {"template": "…"}}`.
- `GET /capacity` -> `{"capacity": {"daily_cap": 100 | null, "first_touches_today": 0, "window": {"start": "09:00",
  "end": "17:00"} | null, "timezone": "UTC", "auto_dial": false}}`; `daily_cap` is null while no limit binds.
- `GET /chats/{chat_id}/next-send` -> `{"next_send_at": "2026-…Z" | null}`.
"""

from typing import Annotated

from fastapi import APIRouter, Depends

from simulators.chert.auth import Caller, json_body
from simulators.chert.capacity import first_touches_today
from simulators.chert.errors import ChertError, Code
from simulators.chert.models import JsonObject, SendingWindow
from simulators.chert.schemas import LeadLookupRequest
from simulators.chert.simulator import Chert
from simulators.chert.views import iso_or_none, lead_view

router = APIRouter(prefix="/unpublished", include_in_schema=False)


@router.post("/leads/lookup")
async def look_up_lead(
    chert: Chert, tenant: Caller, request: Annotated[LeadLookupRequest, Depends(json_body(LeadLookupRequest))]
) -> JsonObject:
    """The lead with this number in the caller's project."""
    chat = chert.state.chat_with(tenant, request.phone)
    if chat is None:
        raise ChertError(Code.NOT_FOUND, "Lead not found")
    return {"lead": lead_view(chat)}


@router.get("/campaign")
async def read_campaign(tenant: Caller) -> JsonObject:
    """The project's CRM campaign template; empty when none is set."""
    return {"campaign": {"template": tenant.campaign_template}}


@router.get("/capacity")
async def read_capacity(chert: Chert, tenant: Caller) -> JsonObject:
    """Cap, use, window and auto-dial of the project."""
    limits = tenant.limits
    return {
        "capacity": {
            "daily_cap": limits.daily_cap if limits.enforced else None,
            "first_touches_today": first_touches_today(tenant, chert.clock.now()),
            "window": _window_view(limits.window) if limits.enforced and limits.window else None,
            "timezone": limits.timezone,
            "auto_dial": tenant.auto_dial,
        }
    }


@router.get("/chats/{chat_id}/next-send")
async def read_next_send(chat_id: str, chert: Chert, tenant: Caller) -> JsonObject:
    """When the chat's next scheduled message goes out."""
    return {"next_send_at": iso_or_none(chert.state.chat(tenant, chat_id).next_send_at)}


def _window_view(window: SendingWindow) -> JsonObject:
    return {"start": window.start.isoformat("minutes"), "end": window.end.isoformat("minutes")}
