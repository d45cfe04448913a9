"""The documentation calls what there is."""

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
