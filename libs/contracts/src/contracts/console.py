"""Where the console shows things, for those who link to it."""

from typing import Final
from urllib.parse import quote

MESSAGES: Final = "/console/messages/"
"""What a message's page begins with; communications in HubSpot link there for years, so it stays."""


def message_page(chert_tenant: str, message_id: str) -> str:
    """The path of the page of a message that came in, with what came with it."""
    return f"{MESSAGES}{quote(chert_tenant, safe='')}/{quote(message_id, safe='')}"
