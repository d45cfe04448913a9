"""The topics of a system, made as an operator makes them."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from harness import paths
from harness.errors import StartFailedError

_SECONDS: Final = 60.0


def make_topics(bootstrap: str) -> None:
    """Make every topic of `deploy/topics.yaml` with `chertctl`.

    Raises:
        StartFailedError: it could not.
    """
    command = Path(sys.executable).parent / "chertctl"
    file = paths.repository_root() / "deploy" / "topics.yaml"
    done = subprocess.run(
        (command, "topics", "create", "--file", file, "--bootstrap", bootstrap),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StartFailedError(f"chertctl could not make the topics:\n{done.stdout}{done.stderr}")
