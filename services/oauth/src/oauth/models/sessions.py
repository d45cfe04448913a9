"""Who is signed in, and the installs that they have begun."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import SecretStr

Start = Literal["console", "marketplace"]
"""Where an install began: with our button, or with HubSpot's."""


@dataclass(frozen=True, slots=True)
class Project:
    """A Chert project that a session has rights on; `chert_tenant` is the slug of Chert's API."""

    id: str
    name: str
    chert_tenant: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, as it is remembered."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in to the console, and what they may see."""

    user_id: str
    name: str
    projects: tuple[Project, ...]

    def project(self, project_id: str) -> Project | None:
        """The project, if the session has rights on it."""
        return next((project for project in self.projects if project.id == project_id), None)

    @property
    def actor(self) -> Actor:
        """The user, for the record."""
        return Actor(self.user_id, self.name)


@dataclass(frozen=True, slots=True)
class InstallState:
    """One install under way, as its browser carries it, sealed.

    Attributes:
        state: what HubSpot hands back; random.
        project_id: the project it was started for.
        code_verifier: PKCE's secret (RFC 7636); none when PKCE is off, or when HubSpot asks for consent itself.
        expires_at: from then on it is as good as absent; whole seconds.
        start: where it began, and where alone it may be finished.
    """

    state: str = field(repr=False)
    project_id: str
    code_verifier: SecretStr | None
    expires_at: datetime
    start: Start = "console"
