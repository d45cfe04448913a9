"""`python -m pages`: write the pages."""

from pathlib import Path

from pages import commands, configuration, reference

FOLDER = Path(__file__).parents[1] / "docs"
PAGES = {
    "engineers/commands.md": commands.page,
    "configuration.md": configuration.page,
    "engineers/events.md": reference.events,
    "engineers/http.md": reference.routes,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page())


if __name__ == "__main__":
    main()
