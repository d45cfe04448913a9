"""Addresses that an install from HubSpot's marketplace returns to: HubSpot's own, and no other."""

from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from oauth.errors import ReturnUrlError

LONGEST: Final = 2000

_DOMAIN: Final = "hubspot.com"


def check_return_url(url: str, hubspot_origin: str | None) -> str:
    """The address, if it is one of HubSpot's.

    Args:
        url: as it came.
        hubspot_origin: scheme, host and port of what stands in for HubSpot in development.

    Raises:
        ReturnUrlError: it is not, or browsers and we might read it differently.
    """
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ReturnUrlError
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ReturnUrlError from None
    if hubspot_origin is not None and f"{parts.scheme}://{parts.netloc}" == hubspot_origin:
        return url
    if parts.scheme != "https" or port not in {None, 443} or not _is_hubspot(parts):
        raise ReturnUrlError
    return url


def with_state(url: str, state: str) -> str:
    """An address that carries a state in its query, in place of any other."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "state"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("state", state)])))


def _is_hubspot(parts: SplitResult) -> bool:
    """Whether the host is HubSpot's, without a user name before it or anything unusual in it."""
    host = parts.hostname or ""
    plain = parts.netloc.lower() in {host, f"{host}:443"} and host.replace(".", "").replace("-", "").isalnum()
    return plain and (host == _DOMAIN or host.endswith(f".{_DOMAIN}"))
