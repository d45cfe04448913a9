"""Settings: one frozen class per service, its name the environment prefix; secrets come from a re-read file.

Nothing here has a secret as a default, and nothing is read when a module is imported.
"""

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from chassis.clock import Clock, FileClock, SystemClock
from chassis.kafka_security import KafkaSettings
from chassis.logging import get_log

LOG = get_log()
M = TypeVar("M", bound=BaseModel)

Origin = Annotated[str, Field(pattern=r"^https?://[^/?#\s]+$")]
"""Scheme, host and perhaps port; nothing behind them."""

_HTTPS_IN_PRODUCTION: Final = frozenset(
    {
        "public_base_url", "hubspot_app_url", "hubspot_api_url", "chert_url", "login_url", "session_jwks_url",
    }
)  # fmt: skip
# Addresses beyond our own network. Sister services and the collector of traces are inside it.


class ServiceSettings(KafkaSettings, BaseSettings):
    """What every service is told; a service adds its own and sets `env_prefix`.

    Attributes:
        host: the interface to listen on.
        port: the port to listen on.
        public_base_url: scheme, host and port that the outside calls, and that signatures cover.
        environment: `development` allows what production refuses.
        log_level: least level that is written.
        clock_file: moves the clock; development only.
        secrets_file: JSON file with this service's secrets, re-read when it changes.
        traces_url: OTLP/HTTP address of a collector, such as `http://collector:4318`; without it, no trace is sent.
        traces_share: how many of the traces that begin here are sent, from 0 to 1.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: str = "0.0.0.0"
    port: int
    public_base_url: Origin
    environment: Literal["production", "development"] = "production"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    clock_file: Path | None = None
    secrets_file: Path
    traces_url: Origin | None = None
    traces_share: float = Field(default=0.01, ge=0, le=1)

    @model_validator(mode="after")
    def _refuse_clock_file_in_production(self) -> "ServiceSettings":
        if self.clock_file is not None and self.environment == "production":
            raise ValueError("CLOCK_FILE moves the clock; it is refused unless ENVIRONMENT is development")
        return self

    @model_validator(mode="after")
    def _refuse_plain_http_in_production(self) -> "ServiceSettings":
        plain = sorted(
            name.upper()
            for name in _HTTPS_IN_PRODUCTION & set(type(self).model_fields)
            if str(getattr(self, name)).startswith("http:")
        )
        if plain and self.environment == "production":
            raise ValueError(f"{', '.join(plain)}: set an address that begins with https, or ENVIRONMENT=development")
        return self

    def clock(self) -> Clock:
        """The clock that these settings ask for."""
        return SystemClock() if self.clock_file is None else FileClock(self.clock_file)


class DatabaseSettings(BaseModel):
    """Where a service's own database is.

    Attributes:
        mongo_url: connection string.
        mongo_database: one per service.
    """

    mongo_url: str
    mongo_database: str


class Secrets(BaseModel):
    """Base of what a secrets file holds; values are `SecretStr`, so that they mask themselves."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class NotLoadedError(Exception):
    """A file with secrets or keys could not be read yet: a temporary fault of ours, never a refusal."""


class RereadFile(Generic[M]):
    """A JSON file that is read again when it changes, and keeps its last good content when it breaks.

    Secrets are rotated by replacing the file; no restart. `read` checks the file at most once a second.
    """

    _REREAD_SECONDS = 1.0

    def __init__(self, path: Path, model: type[M], clock: Clock) -> None:
        self._path, self._model, self._clock = path, model, clock
        self._content: M | None = None
        self._seen: tuple[int, int, int] | None = None
        self._checked_at = float("-inf")

    def read(self) -> M:
        """The content.

        Raises:
            NotLoadedError: it was never readable.
        """
        if self._clock.monotonic() - self._checked_at >= self._REREAD_SECONDS:
            self._checked_at = self._clock.monotonic()
            self._read_if_changed()
        if self._content is None:
            raise NotLoadedError(f"{self._path.name} could not be read")
        return self._content

    def _read_if_changed(self) -> None:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen == self._seen:
                return
            self._content = self._model.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError) as error:
            LOG.warning("file.unreadable", file=self._path.name, error=type(error).__name__)
            return
        LOG.info("file.reread", file=self._path.name)
        self._seen = seen


def load(settings: Callable[..., M], **overrides: Any) -> M:
    """Read settings from the environment.

    Raises:
        SystemExit: something is missing, unknown or not allowed; the text says which variable and why.
    """
    unknown = list(misnamed(settings, os.environ))
    if unknown:
        raise SystemExit("Settings are not known:\n" + "\n".join(unknown))
    try:
        return settings(**overrides)
    except SettingsError as error:  # a list or an object that is not JSON; the text names the field alone
        raise SystemExit(f"Settings are not complete or not allowed:\n  {error}") from None
    except ValidationError as error:
        prefix = getattr(settings, "model_config", {}).get("env_prefix", "")
        lines = [
            f"  {prefix}{'_'.join(str(part) for part in problem['loc']).upper() or 'settings'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise SystemExit("Settings are not complete or not allowed:\n" + "\n".join(lines)) from None


def misnamed(settings: Callable[..., BaseModel], environment: Mapping[str, str]) -> Iterator[str]:
    """A line for each variable with our prefix that we have no use for: a slip that would otherwise go unnoticed."""
    prefix = getattr(settings, "model_config", {}).get("env_prefix", "")
    known = [field.upper() for field in getattr(settings, "model_fields", {})]
    ours = (name.upper().removeprefix(prefix) for name in environment if prefix and name.upper().startswith(prefix))
    for name in sorted(set(ours).difference(known)):
        near = difflib.get_close_matches(name, known, n=1)
        yield f"  {prefix}{name}: " + (f"set {prefix}{near[0]} instead" if near else "remove it")
