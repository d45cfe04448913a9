"""Links to the console."""

from contracts.console import message_page


def test_a_message_id_stays_one_segment() -> None:
    """Whatever characters an id has, the path has one segment for it, and the id can be read back."""
    assert "/console/messages/acme/chert%3Am%2F1%20%3F%25" == message_page("acme", "chert:m/1 ?%")
