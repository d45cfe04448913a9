"""The forger: it makes what must be refused and what must be taken, and looks where people make mistakes."""

import pytest
from _ingress_deliveries import Signer
from _weak_verifiers import planted
from hostile_signatures import OurVerifiers, forger, sound

SIGNER = Signer("https://app.example.test", b"ab" * 32, b"cd" * 32)
NOW = 1_795_348_800.0
SHOWN = 4_000


@pytest.mark.parametrize("judge", [sound(SIGNER), OurVerifiers(SIGNER)], ids=["written out plainly", "our own"])
def test_a_sound_verifier_is_right_about_everything(judge: OurVerifiers) -> None:
    """The verifiers of our services, and others that share no code with them, take what is valid and nothing else."""
    wrong = [
        request.kind
        for request in forger(SIGNER, 7, lambda: NOW).all(SHOWN, 0.2)
        if judge.accepts(request, NOW) != (request.kind == "valid")
    ]

    assert [] == wrong


@pytest.mark.parametrize("mistake", planted(sound(SIGNER)))
def test_each_weaker_verifier_is_caught(mistake: str) -> None:
    """A verifier with one of the mistakes that people make is wrong about some request."""
    weak = planted(sound(SIGNER))[mistake]

    assert any(
        weak.accepts(request, NOW) != (request.kind == "valid")
        for request in forger(SIGNER, 8, lambda: NOW).all(SHOWN, 0.01)
    )


def test_every_kind_has_its_turn() -> None:
    """Forgeries come in equal shares, so that no kind is tried by chance alone."""
    made = forger(SIGNER, 9, lambda: NOW)

    kinds = [made.forged().kind for _ in range(2 * len(made.kinds))]

    assert {2} == {kinds.count(kind) for kind in kinds}
