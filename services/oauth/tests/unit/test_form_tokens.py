"""Form tokens: of this session, by our secret, and of nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from oauth.adapters.form_tokens import HmacFormTokens
from oauth.errors import FormTokenError

OLD, NEW = SecretStr("the-old-secret-of-forms"), SecretStr("the-new-secret-of-forms")
FORMS = HmacFormTokens(lambda: (NEW, OLD))


def test_a_token_is_good_in_its_session() -> None:
    """The token of a page is taken with the same session, also if it was issued under the former secret."""
    FORMS.check("session", FORMS.issue("session"))
    FORMS.check("session", HmacFormTokens(lambda: (OLD,)).issue("session"))


@pytest.mark.parametrize("given_token", [None, "", "x", FORMS.issue("another session"), "é" * 64])
def test_another_token_is_refused(given_token: str | None) -> None:
    """None, any other, and that of another session: refused."""
    with pytest.raises(FormTokenError):
        FORMS.check("session", given_token)


@given(st.text())
def test_nothing_else_passes(text: str) -> None:
    """No text but the token itself."""
    if text != FORMS.issue("session"):
        with pytest.raises(FormTokenError):
            FORMS.check("session", text)


def test_a_token_does_not_show_the_session() -> None:
    """Neither session nor secret can be read from it."""
    token = FORMS.issue("session-canary")

    assert "canary" not in token
    assert 64 == len(token)
