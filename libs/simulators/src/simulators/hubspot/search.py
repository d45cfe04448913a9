"""The contact search: filters over an index that lags behind the records (contract 5.1)."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from simulators.hubspot.access import ContactSearcher
from simulators.hubspot.contacts import contact_view
from simulators.hubspot.errors import Json, invalid
from simulators.hubspot.models import Contact, Portal
from simulators.hubspot.properties import CONTACT_PROPERTIES
from simulators.hubspot.simulator import SimulatorDep
from simulators.hubspot.timestamps import parse_moment

MAX_GROUPS = 5
MAX_FILTERS_PER_GROUP = 6
MAX_FILTERS = 18
MAX_BODY_CHARACTERS = 3_000
MAX_RESULTS = 10_000
MAX_LIMIT = 200
# Where free text is looked for.
QUERIED = ("email", "firstname", "lastname", "phone", "mobilephone", "company")
_TOKENS = re.compile(r"[^\W_]+")

router = APIRouter()


class Operator(StrEnum):
    """How a filter compares."""

    EQ = "EQ"
    NEQ = "NEQ"
    LT = "LT"
    LTE = "LTE"
    GT = "GT"
    GTE = "GTE"
    BETWEEN = "BETWEEN"
    IN = "IN"
    NOT_IN = "NOT_IN"
    HAS_PROPERTY = "HAS_PROPERTY"
    NOT_HAS_PROPERTY = "NOT_HAS_PROPERTY"
    CONTAINS_TOKEN = "CONTAINS_TOKEN"  # noqa: S105 - HubSpot's name
    NOT_CONTAINS_TOKEN = "NOT_CONTAINS_TOKEN"  # noqa: S105 - HubSpot's name


def _known(name: str) -> str:
    if name not in CONTACT_PROPERTIES:
        raise ValueError(f"there is no property {name}")
    return name


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Filter(_Wire):
    """One condition on one property."""

    property_name: Annotated[str, AfterValidator(_known)]
    operator: Operator
    value: str = ""
    high_value: str = ""
    values: list[str] = Field(default_factory=list)


class FilterGroup(_Wire):
    """Conditions that must all hold."""

    filters: list[Filter] = Field(min_length=1, max_length=MAX_FILTERS_PER_GROUP)


class Sort(_Wire):
    """The order of the results."""

    property_name: Annotated[str, AfterValidator(_known)]
    direction: str = "ASCENDING"


class SearchRequest(_Wire):
    """A search; a contact is found when any of the groups holds."""

    filter_groups: list[FilterGroup] = Field(default_factory=list, max_length=MAX_GROUPS)
    sorts: list[Sort] = Field(default_factory=list, max_length=1)
    query: str = ""
    properties: list[str] = Field(default_factory=list)
    limit: int = Field(default=10, ge=1, le=MAX_LIMIT)
    after: int = Field(default=0, ge=0)


@router.post("/contacts/search")
async def search(request: Request, body: SearchRequest, caller: ContactSearcher, simulator: SimulatorDep) -> Response:
    """Contacts that match, as the index holds them now."""
    _check_size(body, await request.body())
    found = [pair for pair in simulator.world.indexed_contacts(caller.portal) if _matches(body, pair[1])]
    for sort in body.sorts:
        name = sort.property_name
        found.sort(key=lambda pair: pair[1].get(name, ""), reverse=sort.direction == "DESCENDING")
    return caller.answer(_page(caller.portal, [contact for contact, _ in found], body))


def _check_size(body: SearchRequest, raw: bytes) -> None:
    if len(raw.decode("utf-8", errors="replace")) > MAX_BODY_CHARACTERS:
        raise invalid(f"The request body is longer than {MAX_BODY_CHARACTERS} characters")
    if sum(len(group.filters) for group in body.filter_groups) > MAX_FILTERS:
        raise invalid(f"There are more than {MAX_FILTERS} filters")
    if body.after + body.limit > MAX_RESULTS:
        raise invalid(f"A search returns at most {MAX_RESULTS} results")


def _page(portal: Portal, found: list[Contact], body: SearchRequest) -> Json:
    end = body.after + body.limit
    results = [contact_view(portal, contact, body.properties) for contact in found[body.after : end]]
    page: Json = {"total": len(found), "results": results}
    return page | {"paging": {"next": {"after": str(end)}}} if end < len(found) else page


def _matches(body: SearchRequest, properties: Mapping[str, str]) -> bool:
    texts = [properties.get(name, "").lower() for name in QUERIED]
    queried = not body.query or any(body.query.lower() in text for text in texts)
    groups = body.filter_groups
    return queried and (not groups or any(_holds(group, properties) for group in groups))


def _holds(group: FilterGroup, properties: Mapping[str, str]) -> bool:
    return all(OPERATORS[one.operator](properties.get(one.property_name, ""), one) for one in group.filters)


def _contains_token(value: str, one: Filter) -> bool:
    """Whole words, without regard to case; `*` stands for any characters."""
    tokens = _TOKENS.findall(value.lower())
    return any(fnmatchcase(token, one.value.lower()) for token in (*tokens, value.lower()))


def _compared(test: Callable[[float, float], bool]) -> Callable[[str, Filter], bool]:
    def compare(value: str, one: Filter) -> bool:
        left, right = _magnitude(value), _magnitude(one.value)
        return left is not None and right is not None and test(left, right)

    return compare


def _between(value: str, one: Filter) -> bool:
    low, middle, high = _magnitude(one.value), _magnitude(value), _magnitude(one.high_value)
    return low is not None and middle is not None and high is not None and low <= middle <= high


def _magnitude(text: str) -> float | None:
    """A number, or a moment in milliseconds; None for other text."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parse_moment(text) * 1000
    except ValueError:
        return None


# Text is compared without regard to case; the values of IN must be given in lower case.
OPERATORS: dict[Operator, Callable[[str, Filter], bool]] = {
    Operator.EQ: lambda value, one: value.lower() == one.value.lower() != "",
    Operator.NEQ: lambda value, one: value != "" and value.lower() != one.value.lower(),
    Operator.LT: _compared(lambda left, right: left < right),
    Operator.LTE: _compared(lambda left, right: left <= right),
    Operator.GT: _compared(lambda left, right: left > right),
    Operator.GTE: _compared(lambda left, right: left >= right),
    Operator.BETWEEN: _between,
    Operator.IN: lambda value, one: value != "" and value.lower() in one.values,
    Operator.NOT_IN: lambda value, one: value != "" and value.lower() not in one.values,
    Operator.HAS_PROPERTY: lambda value, _: value != "",
    Operator.NOT_HAS_PROPERTY: lambda value, _: value == "",
    Operator.CONTAINS_TOKEN: _contains_token,
    Operator.NOT_CONTAINS_TOKEN: lambda value, one: not _contains_token(value, one),
}
