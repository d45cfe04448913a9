"""The house: the same files in each service, honest names and sizes, sentences on tests."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("oauth", "webhooks", "actions", "timeline")

REQUIRED = {"__init__", "__main__", "app", "settings", "handlers", "ports", "models", "errors", "adapters"}
OPTIONAL = {"api", "consumers", "workers"}
PAGES = {"templates", "static"}
BANNED = {"utils", "common", "helpers", "base", "core", "manager", "misc"}


def names(service: str) -> set[str]:
    """File and folder names inside a service, without suffix."""
    inside = ROOT / "services" / service / "src" / service
    return {path.stem for path in inside.iterdir() if path.name not in {"py.typed", "__pycache__"}}


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_the_same_files(service: str) -> None:
    """Learn one service, know four: the files are the same, and only the edges are optional."""
    allowed = REQUIRED | OPTIONAL | (PAGES if service == "oauth" else set())

    assert set() == REQUIRED - names(service)
    assert set() == names(service) - allowed


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_a_readme_of_a_screen(service: str) -> None:
    """A service says what it owns on at most a screen."""
    assert len((ROOT / "services" / service / "README.md").read_text().splitlines()) <= 60


def test_no_file_has_a_name_that_says_nothing(tracked: list[Path]) -> None:
    """Names such as `utils` hide what is inside."""
    assert [path for path in tracked if path.suffix == ".py" and path.stem in BANNED] == []


def test_no_module_is_too_long(sources: dict[Path, ast.Module]) -> None:
    """A module past 300 lines says in its docstring why; past 500 it is split."""
    long = {path: len(path.read_text().splitlines()) for path in sources}

    assert [path for path, lines in long.items() if lines > 500] == []
    assert [
        path
        for path, lines in long.items()
        if lines > 300 and "one module" not in (ast.get_docstring(sources[path]) or "")
    ] == []


def test_any_stays_out_of_the_inside(sources: dict[Path, ast.Module]) -> None:
    """`Any` is not used in contracts, handlers, ports and models."""
    inside = re.compile(r"libs/contracts/|src/\w+/(handlers|ports|models)(/|\.py)")

    guilty = [
        path
        for path, module in sources.items()
        if inside.search(path.relative_to(ROOT).as_posix())
        and any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(module))
    ]

    assert guilty == []


def test_an_ignore_has_a_code_and_a_reason(sources: dict[Path, ast.Module]) -> None:
    """Type checking is switched off at most once per thousand lines, each time with a code and a reason."""
    lines = [line for path in sources for line in path.read_text().splitlines()]
    ignores = [line for line in lines if "# type: ignore" in line]

    assert [line for line in ignores if not re.search(r"# type: ignore\[[a-z-]+\]\s+# \w+", line)] == []
    assert len(ignores) <= max(1, len(lines) / 1000)


def test_every_test_states_its_rule(tracked: list[Path]) -> None:
    """Each test has a docstring that states, in one sentence, the rule it proves."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in tracked
        if path.name.startswith("test_") and path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert silent == []


def test_no_test_sleeps_or_patches(tracked: list[Path]) -> None:
    """Tests wait for conditions and use real fakes: nothing sleeps, nothing is patched, nothing is skipped."""
    banned = re.compile(
        r"\b(time|asyncio|anyio)\.sleep\((?!0\))|monkeypatch|mock\.patch|unittest\.mock|mark\.(skip|xfail)|pytest\.skip"
    )

    guilty = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked
        if "tests" in path.parts and path.suffix == ".py" and path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if banned.search(line)
    ]

    assert guilty == []


def compared_plainly(module: ast.Module) -> list[int]:
    """Lines in which a secret, a digest or a signature is compared with `==`, `!=` or `in`."""
    secret = re.compile(r"get_secret_value|digest\(|_hexdigest|credential\.credentials")
    plain = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Compare)
        and isinstance(node.ops[0], plain)
        and any(secret.search(ast.unparse(side)) for side in (node.left, *node.comparators))
    ]


def test_secrets_are_compared_in_constant_time(sources: dict[Path, ast.Module]) -> None:
    """How long it takes to refuse a guess tells nothing of how good it was: `hmac.compare_digest`, never `==`."""
    planted = (
        "digest = 1\nsame = compare_digest(key.get_secret_value(), given)\nguessed = key.get_secret_value() == given"
    )
    assert [3] == compared_plainly(ast.parse(planted))

    ours = {path: module for path, module in sources.items() if "simulators" not in path.parts}
    assert {} == {path: lines for path, module in ours.items() if (lines := compared_plainly(module))}
