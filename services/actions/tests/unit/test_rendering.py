"""Templates."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actions.errors import UnsendableError
from actions.handlers.rendering import MAX_CHARACTERS, TAGS, render
from actions.models import Contact
from contracts.failures import Code

ADA = Contact(id="904", firstname="Ada", lastname="Lovelace", company="Engines")

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["{{ contact.lastname }}", "{{contact.company}}", "{{", "}}", "{{ contact.secret }}", "\\1", "{0}", "%s"]
)
literals = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"), max_size=30)
tags = st.sampled_from(sorted(TAGS))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Hi {{ contact.firstname }}!", "Hi Ada!"),
        ("{{contact.firstname}} {{  contact.lastname  }}", "Ada Lovelace"),
        ("{{contact.company}}{{contact.company}}", "EnginesEngines"),
        ("no tags, {one} brace }} each", "no tags, {one} brace }} each"),
        ("line\n\nline", "line\n\nline"),
        ("{{{ contact.firstname }}}", "{Ada}"),
    ],
)
def test_tags_are_replaced(template: str, message: str) -> None:
    """Known tags become the contact's values, everything else stays as it is."""
    assert message == render(template, ADA)


def test_a_missing_value_is_empty() -> None:
    """A tag without a value leaves nothing behind."""
    assert render("Hi {{ contact.firstname }}!", Contact(id="1")) == "Hi !"


@given(st.lists(st.tuples(literals, tags), max_size=8), literals, values, values, values)
def test_a_value_is_never_rendered_again(
    pieces: list[tuple[str, str]], end: str, first: str, last: str, company: str
) -> None:
    """Whatever stands in a value comes out as it is, where its tag stood, and nothing else changes."""
    contact = Contact(id="1", firstname=first, lastname=last, company=company)
    told = {"contact.firstname": first, "contact.lastname": last, "contact.company": company}
    template = "".join(f"{literal}{{{{ {tag} }}}}" for literal, tag in pieces) + end
    expected = "".join(literal + told[tag] for literal, tag in pieces) + end
    assume(expected.strip())

    assert expected == render(template, contact)


@given(st.text(max_size=200))
def test_any_template_is_rendered_or_refused(template: str) -> None:
    """No text whatever makes the renderer fail in another way, or leaves a tag's beginning of the template behind."""
    try:
        message = render(template, ADA)
    except UnsendableError:
        return

    assert "{{" not in message


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ contact.city }}", "the message has an unknown tag contact.city"),
        ("{{ contact.Firstname }}", "the message has an unknown tag"),
        ("{{ contact.firstname|default('there') }}", "the message has an unknown tag"),
        ("{{ contact.ﬁrstname }}", "the message has an unknown tag"),
        ("{{ }}", "the message has an unknown tag"),
        ("Hi {{ contact.firstname", "the message has a tag that does not end"),
        ("Hi {{ contact.firstname }", "the message has a tag that does not end"),
    ],
)
def test_other_tags_are_refused(template: str, words: str) -> None:
    """An unknown or unfinished tag is refused with 1002, and named only if it is a name."""
    with pytest.raises(UnsendableError, match=rf"^{re.escape(words)}$") as refused:
        render(template, ADA)

    assert refused.value.code == Code.INVALID_FIELD


@pytest.mark.parametrize("template", ["", " \n\t", "{{ contact.company }}"])
def test_an_empty_message_is_refused(template: str) -> None:
    """A message of nothing but white space is refused with 1001, also when its tags made it so."""
    with pytest.raises(UnsendableError) as refused:
        render(template, Contact(id="1"))

    assert refused.value.code == Code.MISSING_FIELD


@pytest.mark.parametrize(
    ("template", "contact"),
    [
        ("x" * (MAX_CHARACTERS + 1), ADA),
        ("{{ contact.firstname }}" * 3, Contact(id="1", firstname="x" * MAX_CHARACTERS)),
    ],
)
def test_a_message_has_a_limit(template: str, contact: Contact) -> None:
    """A message that is too long, before or after its tags are replaced, is refused."""
    with pytest.raises(UnsendableError, match=f"over {MAX_CHARACTERS} characters"):
        render(template, contact)
