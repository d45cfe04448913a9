"""Queries that a route reads itself, and refuses as FastAPI would."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from chassis.failures import Refusal
from contracts.failures import Code


def one_of_each(request: Request) -> Mapping[str, str]:
    """The query, in which no parameter comes twice (RFC 6749, section 3.1).

    Raises:
        Refusal: one does.
    """
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    texts = dict(given)
    if len(texts) != len(given):
        raise Refusal(Code.INVALID_FIELD, "a parameter is repeated")
    return texts


def text_of(query: Mapping[str, str], name: str, longest: int) -> str | None:
    """A parameter of a query, if it was given.

    Raises:
        Refusal: it is longer than that, in characters; said as FastAPI's own refusals are.
    """
    text = query.get(name)
    if text is not None and len(text) > longest:
        raise Refusal(Code.INVALID_FIELD, f"query.{name}: string_too_long")
    return text
