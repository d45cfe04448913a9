"""What people may choose, and what they are told when it cannot be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.settings import BackendKind, HarnessSettings


def test_everything_has_a_default() -> None:
    """Without any variable the embedded servers and port 8080 are used."""
    assert HarnessSettings() == HarnessSettings.read({})


def test_each_variable_is_read() -> None:
    """Every setting can be chosen by its variable."""
    settings = HarnessSettings.read(
        {
            "HARNESS_BACKEND": "existing",
            "HARNESS_KAFKA_BOOTSTRAP": "broker:9092",
            "HARNESS_MONGO_URL": "mongodb://database/",
            "HARNESS_GATEWAY_PORT": "9000",
            "HARNESS_FOLDER": "elsewhere",
        }
    )

    assert (
        HarnessSettings(
            backend=BackendKind.EXISTING,
            kafka_bootstrap="broker:9092",
            mongo_url="mongodb://database/",
            gateway_port=9000,
            folder=Path("elsewhere"),
        )
        == settings
    )


def test_an_unknown_backend_is_refused_with_the_choices() -> None:
    """The text names the variable and every choice."""
    with pytest.raises(HarnessError, match=r"HARNESS_BACKEND=podman .* embedded, docker, existing"):
        HarnessSettings.read({"HARNESS_BACKEND": "podman"})


@given(st.text().filter(lambda text: not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536)))
def test_what_is_no_port_is_refused(text: str) -> None:
    """Anything but a number from 1 to 65535 is refused with a sentence, never with a traceback of its own."""
    with pytest.raises(HarnessError, match="HARNESS_GATEWAY_PORT"):
        HarnessSettings.read({"HARNESS_GATEWAY_PORT": text})
