"""Services with what their images have, and nothing that only the developers' environment brings.

A library that looks whether another one is there would else load what no image holds: structlog looks for rich and
greenlet, which cost each service three megabytes and a tenth of a second.
"""

import re
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.metadata import packages_distributions
from typing import Final

from harness import as_in_image, paths

_OURS: Final = "chert-hubspot-"


def command(program: str, *arguments: str) -> tuple[str, ...]:
    """What starts a service, or a script by its path, in the `environment` of a service."""
    return (sys.executable, "-m", as_in_image.__name__, program, *arguments)


def environment(service: str) -> dict[str, str]:
    """What the command is told of a service's image."""
    return {as_in_image.ABSENT: ",".join(absent(service))}


def absent(service: str) -> tuple[str, ...]:
    """Packages that can be imported here, but not in the image of a service: nothing in its lock brings them."""
    lock = (paths.repository_root() / "requirements" / f"{service}.txt").read_text()
    locked = {_canonical(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    return tuple(sorted(package for package, owners in _owners().items() if not owners & locked))


@cache
def _owners() -> Mapping[str, AbstractSet[str]]:
    """Which distributions bring each package that can be imported here; our own aside."""
    found = {package: {_canonical(one) for one in names} for package, names in packages_distributions().items()}
    return {package: names for package, names in found.items() if not any(one.startswith(_OURS) for one in names)}


def _canonical(name: str) -> str:
    """As names of distributions are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
