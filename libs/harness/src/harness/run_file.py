"""`run.json`: where everything is, for people, `chertctl` and scripts, while a system runs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

RUN_FILE = "run.json"


@dataclass(frozen=True, kw_only=True)
class HubSpotApp:
    """The app as HubSpot knows it."""

    app_id: int
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ChertProject:
    """The project that everything was seeded for."""

    tenant_slug: str
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class SeededContact:
    """A contact with a phone."""

    id: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class SeededPortal:
    """A HubSpot account, and the project it is meant for."""

    portal_id: int
    project_id: str
    contacts: list[SeededContact] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class RunFile:
    """Everything there is to know about a running system."""

    gateway_url: str
    services: Mapping[str, str]
    hubspot_url: str
    chert_url: str
    kafka_bootstrap: str
    mongo_url: str
    hubspot_app: HubSpotApp
    public_base_url: str
    chert: ChertProject
    portals: list[SeededPortal]
    pids: Mapping[str, int]

    def write(self, folder: Path) -> None:
        """Write it in one step; secrets in it are made up, and still only its owner reads them."""
        draft = folder / f"{RUN_FILE}.new"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(folder / RUN_FILE)


def remove(folder: Path) -> None:
    """Say that nothing runs any more."""
    (folder / RUN_FILE).unlink(missing_ok=True)
