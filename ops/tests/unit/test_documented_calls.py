"""The documentation calls what there is."""

import ast
import re
from pathlib import Path

from ops.tests.unit._verbs import every_verb

ROOT = Path(__file__).parents[3]
CALL = re.compile(r"chertctl((?: [a-z][a-z-]*)+)")


def test_every_command_of_the_documentation_exists() -> None:
    """A runbook that names a verb that was renamed would be found at night."""
    known = {name for name, _ in every_verb()}
    groups = {name.partition(" ")[0] for name in known}
    pages = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "ops" / "README.md"]
    called = {call.strip() for page in pages for call in CALL.findall(page.read_text())}

    assert {"where", "held release acme"} <= called
    assert [] == sorted(
        call for call in called if not (call in groups or any(f"{call} ".startswith(f"{name} ") for name in known))
    )


def test_a_shift_needs_no_other_command_than_the_runbook_names() -> None:
    """What the rehearsed shift is ended with is what somebody on call finds written."""
    known = {name for name, _ in every_verb()}
    shift = ast.parse((ROOT / "tests" / "e2e" / "test_on_call.py").read_text())
    called = {verb for node in ast.walk(shift) for verb in known if _calls(node, verb.split())}
    pages = ROOT / "docs" / "runbook.md", *ROOT.glob("docs/runbooks/*.md")
    named = {call.strip() for page in pages for call in CALL.findall(page.read_text())}

    assert {"where", "dlq discard", "tokens check", "keys rotate"} <= called
    assert set() == {verb for verb in called if not any(f"{call} ".startswith(f"{verb} ") for call in named)}


def _calls(node: ast.AST, words: list[str]) -> bool:
    """Whether a call's arguments, or a tuple of them, hold these words, one behind the other."""
    parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
    told = [part.value if isinstance(part, ast.Constant) else None for part in parts]
    return any(told[place : place + len(words)] == words for place in range(len(told)))
