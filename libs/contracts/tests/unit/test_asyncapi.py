"""The published document of the topics, and what would break those who read by it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from contracts.asyncapi import document, incompatibilities
from contracts.topics import EVENT_TYPES

PUBLISHED = Path(__file__).parents[4] / "docs" / "asyncapi.json"


def published() -> Any:
    """The document as it is checked in."""
    return json.loads(PUBLISHED.read_text())


def test_no_consumer_breaks() -> None:
    """What the code says now breaks nobody who reads by the published document."""
    assert [] == incompatibilities(published(), document())


def test_the_published_document_is_the_newest() -> None:
    """The checked-in document is what `python -m contracts.asyncapi` prints, every topic included."""
    assert json.loads(json.dumps(document())) == published()
    assert set(EVENT_TYPES) == set(published()["channels"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda schemas: schemas.pop("reply.recorded"), "reply.recorded: the topic is gone"),
        (
            lambda schemas: schemas["reply.recorded"]["properties"].pop("communication_id"),
            "reply.recorded: communication_id: is gone",
        ),
        (
            lambda schemas: schemas["reply.recorded"]["required"].remove("contact_id"),
            "reply.recorded: contact_id: is not always there any more",
        ),
        (
            lambda schemas: schemas["reply.recorded"]["properties"]["portal_id"].update(type="string"),
            "reply.recorded: portal_id.: type is another",
        ),
        (
            lambda schemas: schemas["message.received"]["properties"]["parts"]["items"]["properties"].pop("value"),
            "message.received: parts.[].value: is gone",
        ),
    ],
)
def test_a_breaking_change_is_named(change: Any, words: str) -> None:
    """A topic or member that goes, stops being certain, or changes its type is an incompatible difference."""
    changed: Any = copy.deepcopy(document())
    change(changed["components"]["schemas"])

    assert [words] == incompatibilities(published(), changed)


def test_a_new_optional_member_breaks_nobody() -> None:
    """Adding a member that need not be there is the one change that needs no new version."""
    changed: Any = copy.deepcopy(document())
    changed["components"]["schemas"]["reply.recorded"]["properties"]["mood"] = {"type": "string"}

    assert [] == incompatibilities(published(), changed)
