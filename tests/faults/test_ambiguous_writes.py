"""What is made of the requests that HubSpot saw."""

import json
from collections import Counter

from _ambiguous_writes import BODIES, CREATES, LOOKS, Looks

from harness.control import Received


def request(seq: int, path: str, body: object) -> Received:
    """One request as the simulator shows it."""
    text = "" if body is None else json.dumps(body)
    return Received(
        seq=seq, at=float(seq), received_at=float(seq), method="POST", path=path, query="", body=text, status=200
    )


def test_looks_are_counted_by_contact_and_further_pages_apart() -> None:
    """A look at several contacts is one for each; a further page and the reading of bodies are calls, but no looks."""
    looks = Looks()
    looks.take([request(1, LOOKS, {"inputs": [{"id": "1"}, {"id": "2"}]}), request(2, BODIES, {"inputs": []})])
    looks.take([request(3, LOOKS, {"inputs": [{"id": "1", "after": "x"}]}), request(4, LOOKS, None)])

    assert {"1": 1, "2": 1} == looks.by_contact
    assert {"1": 1} == looks.pages
    assert (4, 4) == (looks.calls, looks.last)


def test_the_worst_contact_comes_first() -> None:
    """Looks are held against unknown ends, and against one where none is known; the story tells what was done."""
    looks = Looks()
    to = {"to": {"id": "7"}}
    looks.take([request(1, CREATES, {"associations": [to], "objectWriteTraceId": "e1"})])
    looks.take([request(number, LOOKS, {"inputs": [{"id": "7"}, {"id": "8"}]}) for number in (2, 3, 4)])

    assert [(3.0, "8"), (1.5, "7")] == list(looks.worst(Counter({"7": 2})))
    assert "1.0 create 200 e1" == looks.stories["7"][0]
    assert 1 == looks.creates


def test_what_was_forgotten_before_it_was_looked_at_is_counted() -> None:
    """HubSpot keeps its last requests alone: a gap between two looks is no proof that nothing was asked in it."""
    looks = Looks(last=5)
    looks.take([request(6, CREATES, None), request(7, CREATES, None)])
    assert 0 == looks.unseen

    looks.take([])
    looks.take([request(12, CREATES, None)])

    assert (4, 12) == (looks.unseen, looks.last)
