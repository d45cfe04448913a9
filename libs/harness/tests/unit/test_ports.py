"""Free ports."""

from harness import ports


def test_no_port_is_drawn_again_soon() -> None:
    """What is drawn together is listened on together, only later."""
    drawn = [ports.free_port() for _ in range(100)]

    assert len(drawn) == len(set(drawn))
