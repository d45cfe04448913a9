from pathlib import Path

import pytest

from harness.card_build import SCRIPTS, ensure_built, note
from harness.errors import PrerequisiteMissingError


def test_a_whole_build_is_enough(tmp_path: Path) -> None:
    """With every script there is nothing to complain about; without one of them there is no card."""
    for script in SCRIPTS:
        path = tmp_path / "built" / script
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    ensure_built(tmp_path)
    assert "" == note(tmp_path)

    path.unlink()

    assert "without it" in note(tmp_path)
    with pytest.raises(PrerequisiteMissingError):
        ensure_built(tmp_path)


def test_a_missing_build_is_told_with_its_remedy(tmp_path: Path) -> None:
    """Whoever lacks the card reads how to get it and how to do without it."""
    with pytest.raises(PrerequisiteMissingError, match=r"make card.*Node 20.*apt-get.*brew.*not e2e"):
        ensure_built(tmp_path)
