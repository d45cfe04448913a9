"""What operators see of records."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chertctl.redaction import Redactor

EXAMPLES = sorted((Path(__file__).parents[3] / "libs" / "contracts" / "examples").glob("*/*/*.json"))
PERSONAL = {"sender", "phone", "line", "body", "value", "url", "payload", "auto_send_template"}
REDACTOR = Redactor(b"key")


def texts(content: object, name: str = "") -> list[tuple[str, str]]:
    """Every text in a document, with the name of its member."""
    match content:
        case dict():
            return [pair for key, value in content.items() for pair in texts(value, key)]
        case list():
            return [pair for value in content for pair in texts(value, name)]
        case str():
            return [(name, content)]
        case _:
            return []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_nothing_personal_is_seen(path: Path) -> None:
    """Of no golden example is a text, a number or an address of a person seen, and its ids are."""
    value = json.loads(path.read_text())["value"]

    seen = REDACTOR.value(json.dumps(value).encode())

    hidden = {text for name, text in texts(value) if name in PERSONAL and text}
    assert [] == [text for _, text in texts(seen) if text in hidden]
    assert isinstance(seen, dict)
    assert [seen[name] for name in ("portal_id", "message_id") if name in value] == [
        value[name] for name in ("portal_id", "message_id") if name in value
    ]


@given(st.binary(max_size=200))
def test_whatever_lies_there_can_be_shown(raw: bytes) -> None:
    """Any bytes are shown as something, and never as they are unless they are an id under an id's name."""
    seen = REDACTOR.value(raw)

    assert json.dumps(seen) is not None


def test_a_number_matches_by_its_keyed_hash() -> None:
    """The same number is the same hash under one key, and another under another."""
    seen = REDACTOR.value(b'{"sender": "+14155550100"}')

    assert {"sender": REDACTOR.phone("+14155550100")} == seen
    assert Redactor(b"other").phone("+14155550100") != REDACTOR.phone("+14155550100")


def test_a_text_under_an_ids_name_stays_hidden() -> None:
    """A poisoned record cannot show what a person wrote by calling it an id."""
    assert {"message_id": "[hidden, 11 characters]"} == REDACTOR.value(b'{"message_id": "hello world"}')
