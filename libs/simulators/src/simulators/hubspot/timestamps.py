"""Moments as HubSpot writes and reads them."""

from datetime import UTC, datetime


def to_iso(moment: float) -> str:
    """A moment (Unix seconds) as HubSpot writes it: UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_moment(text: str) -> float:
    """Unix seconds of a property value: milliseconds, or ISO 8601 with its offset.

    Raises:
        ValueError: It is neither.
    """
    moment = _from_milliseconds(text) if text.isascii() and text.isdigit() else datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time zone is missing")
    return moment.timestamp()


def _from_milliseconds(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("out of range") from error
