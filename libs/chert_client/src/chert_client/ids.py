"""Which texts can be an id of Chert, so that nothing else is ever put into a path."""

import re
from typing import Final

_CHAT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def is_chat_id(text: str) -> bool:
    """Whether the text can be a chat's id."""
    return _CHAT_ID.fullmatch(text) is not None
