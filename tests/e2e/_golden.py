"""Golden files of what `chertctl --json` prints: times, traces and job ids aside, they hold to the letter."""

import json
import os
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "ops" / "tests" / "golden"

_CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"phone:[0-9a-f]{16}"), "phone:<hash>"),
    (re.compile(r"[0-9]{10}\.[0-9]{3}"), "<seconds>"),
)


def same_as_golden(name: str, document: Any) -> None:
    """Compare a document with its golden file; `WRITE_GOLDEN=1` writes the file instead, to be read and committed."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    for changing, word in _CHANGING:
        text = changing.sub(word, text)
    path = FOLDER / f"{name}.json"
    if os.environ.get("WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert path.read_text() == text + "\n", f"{name} differs from its golden file"
