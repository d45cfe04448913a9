"""`python -m docs.generate`: write the pages."""

from pathlib import Path

from docs.generate import configuration

FOLDER = Path(__file__).parents[1]
PAGES = {"configuration.md": configuration.page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())


if __name__ == "__main__":
    main()
