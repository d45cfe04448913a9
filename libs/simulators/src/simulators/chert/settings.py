"""Settings of the simulated Chert, read from the environment with the prefix `CHERT_SIM_`."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ChertSimulatorSettings(BaseSettings):
    """Where the simulator listens, whom it delivers to, and the secrets it shares with them."""

    model_config = SettingsConfigDict(env_prefix="CHERT_SIM_", frozen=True)

    host: str = "127.0.0.1"
    port: int
    signing_secret: SecretStr
    """The platform credential: signs every call to the Messaging API, or comes as a bearer token."""
    webhook_url: str | None = None
    """Where the platform subscription delivers the events of all tenants; without it there is none."""
    webhook_secret: SecretStr
    """Signs what the platform subscription delivers."""
    issuer: str
    audience: str
    session_key_file: Path | None = None
    """PEM of the ES256 key that signs console sessions; written when absent, so that a restart keeps sessions valid."""
    unpublished_routes: bool = False
    clock_file: Path | None = None
