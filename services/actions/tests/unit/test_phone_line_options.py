"""The choices for a workflow's line."""

import pytest

from actions.adapters.in_memory import InMemoryFacts, InMemoryTenantAuthority, InMemoryTenantStore
from actions.errors import NotToldError, UnknownTenantError
from actions.handlers.phone_line_options import PAGE, POOL, OfferLines, OptionPage
from actions.models import PhoneLine

PORTAL_ID = 62515


@pytest.fixture
def offer(tenants: InMemoryTenantStore, authority: InMemoryTenantAuthority, facts: InMemoryFacts) -> OfferLines:
    """The use case, over a project with more lines than a page holds; every tenth is out of service."""
    facts.phone_lines["acme"] = tuple(
        PhoneLine(f"line-{number}", f"+1628555{number:04d}", is_active=number % 10 != 0) for number in range(100)
    )
    return OfferLines(tenants=tenants, authority=authority, lines=facts)


async def all_pages(offer: OfferLines, search: str = "") -> list[OptionPage]:
    """Every page, by following the cursor."""
    pages = [await offer(PORTAL_ID, search, "")]
    while pages[-1].after is not None:
        pages.append(await offer(PORTAL_ID, search, pages[-1].after))
    return pages


async def test_the_pool_comes_first_and_then_every_active_line_once(offer: OfferLines) -> None:
    """Pages together have the pool and each active line, in order, and none is fuller than its bound."""
    pages = await all_pages(offer)

    values = [option.value for page in pages for option in page.options]
    active = [f"line-{number}" for number in range(100) if number % 10]
    assert [POOL, *active] == values
    assert max(len(page.options) for page in pages) <= PAGE


@pytest.mark.parametrize(
    ("search", "values"),
    [("5550042", ["line-42"]), ("POOL", [POOL]), (" pool ", [POOL]), ("line-7", None), ("nothing", [])],
)
async def test_a_search_looks_at_numbers_ids_and_the_pool(
    offer: OfferLines, search: str, values: list[str] | None
) -> None:
    """Any case, anywhere in the text."""
    found = [option.value for page in await all_pages(offer, search) for option in page.options]

    assert (values or found) == found
    assert all(search.strip().casefold() in value or "5550" in search for value in found)


@pytest.mark.parametrize("after", ["-1", "x", "9" * 40, "٣", "1000"])
async def test_a_cursor_that_is_none_of_ours_is_harmless(offer: OfferLines, after: str) -> None:
    """It begins at the top, or is past the end."""
    page = await offer(PORTAL_ID, "", after)

    assert page.options == () or page.options[0].value == POOL


async def test_lines_that_are_not_known_now_are_no_empty_list(offer: OfferLines, facts: InMemoryFacts) -> None:
    """Nobody is shown a project without lines because Chert is away."""
    facts.away = True

    with pytest.raises(NotToldError):
        await offer(PORTAL_ID, "", "")


async def test_another_account_sees_nothing(offer: OfferLines) -> None:
    """An account that is not connected is unknown."""
    with pytest.raises(UnknownTenantError):
        await offer(PORTAL_ID + 1, "", "")
