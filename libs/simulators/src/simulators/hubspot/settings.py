"""Settings of the simulated HubSpot, read from the environment with the prefix `HUBSPOT_SIM_`."""

from pathlib import Path
from typing import Annotated

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class HubSpotSimulatorSettings(BaseSettings):
    """Where the simulator listens, the one app it knows, and where that app is called."""

    model_config = SettingsConfigDict(env_prefix="HUBSPOT_SIM_", frozen=True)

    host: str = "127.0.0.1"
    port: int
    client_id: str
    client_secret: SecretStr
    app_id: int
    redirect_uris: Annotated[tuple[str, ...], NoDecode]
    """Comma separated; an authorize request must name one of them exactly."""
    target_base_url: str
    """Scheme, host and port where the app is called."""
    public_base_url: str | None = None
    """Scheme, host and port of the app as the world knows it, which signatures cover; absent, where it is called."""
    install_url: str | None = None
    """Where an install that begins at the marketplace calls the app; absent, its usual path at its public address."""
    push_uninstall: bool = True
    """Whether an uninstall is also pushed to the app; HubSpot documents no such push (contract 3.3)."""
    project: Path | None = None
    """The app's developer project with its built card; absent, accounts have no card and no workflow to build."""
    clock_file: Path | None = None

    @field_validator("redirect_uris", mode="before")
    @classmethod
    def _split(cls, value: str | tuple[str, ...]) -> tuple[str, ...]:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("target_base_url", "public_base_url")
    @classmethod
    def _without_slash(cls, value: str | None) -> str | None:
        return None if value is None else value.rstrip("/")
