"""Reading pages as the walk needs them."""

from harness.pages import parse

LOGIN = """
<html><head><style>p { color: red }</style></head><body>
<p>Sign  in</p> <a href="/help">Help</a> <a>nowhere</a>
<form method="post" action="/login">
  <input type="hidden" name="return_to" value="/console?a=1&amp;b=2">
  <input type="radio" name="user" value="ada" checked> <input type="radio" name="user" value="bob">
  <input type="checkbox" name="remember" value="yes">
  <button type="submit" name="decision" value="cancel">Cancel</button>
  <button type="submit" name="decision" value="approve">Sign in</button>
</form>
<form><input name="q"></form>
</body></html>
"""


def test_a_form_would_send_what_it_shows() -> None:
    """Hidden values are decoded and the chosen option wins over the others."""
    form = parse(LOGIN).form("user", "return_to")

    assert form is not None
    assert ("/login", "POST") == (form.action, form.method)
    assert ("/console?a=1&b=2", "ada") == (form.fields["return_to"], form.fields["user"])


def test_a_form_is_found_by_its_fields() -> None:
    """A form that lacks a field asked for is not it; forms send with GET unless they say otherwise."""
    page = parse(LOGIN)
    search = page.form("q")

    assert page.form("password") is None
    assert search is not None
    assert "GET" == search.method


def test_links_are_found_by_their_beginning() -> None:
    """The first link with that beginning, or none."""
    page = parse(LOGIN)

    assert "/help" == page.link("/he")
    assert page.link("/api") is None


def test_words_are_what_people_read() -> None:
    """Words come without tags, styles and double spaces."""
    words = parse(LOGIN).words

    assert words.startswith("Sign in Help nowhere")
    assert "color" not in words
