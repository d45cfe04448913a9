"""What HubSpot's answers say of an account's limit (hubspot-contract.md section 6).

The figures are the account's for this app, so several processes that call for one account see each other in them.
Search answers carry none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many calls one account's window takes, and how many of them are left."""

    maximum: int
    remaining: int
    interval_milliseconds: int


RateLimitObserver = Callable[[int, RateLimit], None]
"""Told the account's `portal_id` and its limit at each answer that carries one; must neither block nor raise."""


def rate_limit_of(headers: Mapping[str, str]) -> RateLimit | None:
    """The limit an answer tells; none when a header is missing or no number."""
    maximum = _number(headers.get("x-hubspot-ratelimit-max"))
    remaining = _number(headers.get("x-hubspot-ratelimit-remaining"))
    interval = _number(headers.get("x-hubspot-ratelimit-interval-milliseconds"))
    if maximum is None or remaining is None or interval is None:
        return None
    return RateLimit(maximum, remaining, interval)


def _number(text: str | None) -> int | None:
    if text is None or len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text)
