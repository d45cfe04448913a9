"""The documentation as a site: it builds, every link leads somewhere, and it opens without a network."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def pages(entries: list[Any]) -> Iterator[str]:
    """Every page of the navigation."""
    for entry in entries:
        for inner in entry.values():
            yield from [inner] if isinstance(inner, str) else pages(inner)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    (folder / "zensical.toml").write_text((ROOT / "zensical.toml").read_text())
    done = subprocess.run(
        (Path(sys.executable).with_name("zensical"), "build", "--strict", "--config-file", folder / "zensical.toml"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody can reach is not documentation."""
    listed = set(pages(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))

    assert {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} == listed


def test_every_link_leads_somewhere(site: Path) -> None:
    """Pages, pictures and places within pages that are linked to exist."""
    broken = []
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for link in re.findall(r'(?:href|src)="([^"]+)"', page.read_text()):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            missing_place = parts.fragment and target.suffix == ".html" and target.exists()
            if not target.exists() or (missing_place and f'id="{parts.fragment}"' not in target.read_text()):
                broken.append(f"{page.relative_to(site)}: {link}")

    assert [link for link in broken if "#__" not in link] == []


def test_it_needs_no_network(site: Path) -> None:
    """No page loads a script, a style or a font from elsewhere."""
    foreign = [
        f"{page.name}: {found}"
        for page in site.rglob("*.html")
        for found in re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', page.read_text())
    ]

    assert foreign == []


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.stem)
def test_a_code_path_that_a_page_names_exists(path: Path) -> None:
    """What a page says of the repository is there."""
    named = re.findall(r"`((?:deploy|libs|services|tests|docs|benchmarks)/[\w./-]+)`", path.read_text())

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.png")), ids=lambda path: path.stem)
def test_a_picture_is_small(path: Path) -> None:
    """Whoever clones the repository carries each picture for good; `make pictures` makes them small."""
    assert path.stat().st_size <= 60 * 1024
