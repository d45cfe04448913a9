"""The deliberate bugs: each can be made, and is a program still."""

import ast
import shutil
from pathlib import Path

import pytest
from _mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_bug_can_be_made(mutation: Mutation, tmp_path: Path) -> None:
    """What it changes stands in its file, once; what comes of it can be read; the tests named for it exist."""
    path = tmp_path / mutation.path
    path.parent.mkdir(parents=True)
    shutil.copy2(ROOT / mutation.path, path)
    mutation.apply(tmp_path)

    assert path.read_text() != (ROOT / mutation.path).read_text()
    assert ast.parse(path.read_text()).body
    assert (ROOT / mutation.tests).exists()


def test_a_bug_whose_place_is_gone_is_noticed(tmp_path: Path) -> None:
    """When the code moves on, the table says so instead of testing nothing."""
    path = tmp_path / MUTATIONS[0].path
    path.parent.mkdir(parents=True)
    path.write_text("")

    with pytest.raises(LookupError, match="0 times"):
        MUTATIONS[0].apply(tmp_path)
