"""Golden examples: what lies on the topics, per version."""

import json
from pathlib import Path

import pytest

from contracts.envelope import decode, from_document, to_document
from contracts.topics import EVENT_TYPES

ROOT = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(ROOT.glob("*/*/*.json"))


def read(path: Path) -> tuple[list[tuple[str, bytes]], bytes, str]:
    """Headers, value and key of an example."""
    example = json.loads(path.read_text())
    headers = [(name, text.encode()) for name, text in example["headers"].items()]
    return headers, json.dumps(example["value"]).encode(), example["key"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_example_is_read_and_told_again(path: Path) -> None:
    """Every golden example of every version parses, has its key, and survives the envelope and the outbox."""
    headers, value, key = read(path)
    event_type = EVENT_TYPES[path.parts[-3]]

    event = decode(event_type, headers, value)
    again = decode(event_type, event.headers(), event.value())
    stored = from_document(EVENT_TYPES, json.loads(json.dumps(to_document(event))))

    assert key == event.key().decode()
    assert event == again == stored


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_version_of_every_topic_has_an_example(name: str) -> None:
    """There is an example of each version up to the one that is produced."""
    assert [str(n + 1) for n in range(EVENT_TYPES[name].version)] == sorted(p.name for p in (ROOT / name).iterdir())
