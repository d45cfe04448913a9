"""The control API's view of the journal: what is written down, and pages as a test wants them."""

from typing import Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, JsonValue

from simulators.hubspot.control_models import MAX_EVENTS
from simulators.hubspot.journal import Page
from simulators.hubspot.simulator import SimulatorDep

router = APIRouter(prefix="/control/journal", tags=["HubSpot"])


class PageOrder(BaseModel):
    """Entries of one page, published exactly as given, whether or not anything is subscribed."""

    events: list[JsonValue] = Field(max_length=MAX_EVENTS)


class PageView(BaseModel):
    """A page of the journal."""

    offset: str
    published_at: float
    events: list[JsonValue]

    @classmethod
    def of(cls, page: Page) -> Self:
        """The page as published."""
        return cls.model_validate(
            {"offset": page.offset, "published_at": page.published_at, "events": list(page.events)}
        )


class JournalView(BaseModel):
    """The journal, oldest page first, and the event types that are written down."""

    subscriptions: list[str]
    pages: list[PageView]


@router.get("")
async def read_journal(simulator: SimulatorDep) -> JournalView:
    """Everything the journal still holds."""
    return JournalView(
        subscriptions=[one.event_type_id for one in simulator.journal.subscriptions],
        pages=[PageView.of(page) for page in simulator.journal.pages],
    )


@router.post("", status_code=201)
async def publish(order: PageOrder, simulator: SimulatorDep) -> PageView:
    """Append a page: late, doubled, another app's or broken entries."""
    return PageView.of(simulator.journal.publish(order.events))


@router.delete("/subscriptions", status_code=204, response_class=Response)
async def unsubscribe(simulator: SimulatorDep) -> None:
    """Lose every subscription; the pages stay."""
    simulator.journal.unsubscribe_all()
