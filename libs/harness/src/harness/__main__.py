"""`python -m harness`: the same as the `harness` command."""

from harness.cli import app

if __name__ == "__main__":
    app()
