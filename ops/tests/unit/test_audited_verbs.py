"""What may be seen of an audit: which verb, and nothing that somebody put in its place."""

import pytest

from chertctl.redaction import Redactor


@pytest.mark.parametrize("verb", ["replay", "tenant pause", "tenant erase-contact", "dlq redrive"])
def test_a_verb_is_seen(verb: str) -> None:
    """An auditor sees what was done, verbs of two words included."""
    assert {"verb": verb} == Redactor(b"key").value(f'{{"verb": "{verb}"}}'.encode())


@pytest.mark.parametrize("text", ["Call me tomorrow", "one two three four", "+14155550132 is mine", "x" * 60])
def test_a_text_in_the_place_of_a_verb_is_hidden(text: str) -> None:
    """A name that may be seen does not open what is no verb."""
    assert {"verb": f"[hidden, {len(text)} characters]"} == Redactor(b"key").value(f'{{"verb": "{text}"}}'.encode())
