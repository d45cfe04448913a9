"""What this service is told."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import DatabaseSettings, Secrets, ServiceSettings
from hubspot_client import DEFAULT_API_VERSION, ApiVersion

Secret = Annotated[SecretStr, Field(min_length=16)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class Settings(ServiceSettings, DatabaseSettings):
    """Environment variables with the prefix `OAUTH_`.

    Attributes:
        mongo_database: this service's own.
        hubspot_app_url: where users give consent, `https://app.hubspot.com` in production.
        hubspot_api_url: where tokens come from, `https://api.hubapi.com` in production.
        hubspot_api_version: the dated version of HubSpot's API.
        hubspot_client_id: our app's.
        hubspot_app_id: our app's number; hints about other apps are ignored.
        key_ring_file: JSON file with the keys that seal tokens, re-read when it changes.
        login_url: where a browser without a session is sent.
        session_jwks_url: the console's key set.
        session_issuer: who issues sessions.
        session_audience: whom they are meant for.
        pkce: whether installs use PKCE (RFC 7636).
        journal: whether HubSpot's webhooks journal is read.
        chert_url: Chert's host.
        actions_url: where `actions` is asked what it sent; without it, the console says that nobody can say.
        timeline_url: where `timeline` is asked what it wrote, likewise.
    """

    model_config = SettingsConfigDict(env_prefix="OAUTH_", frozen=True, extra="ignore")

    mongo_database: str = "oauth"
    hubspot_app_url: Url
    hubspot_api_url: Url
    hubspot_api_version: ApiVersion = DEFAULT_API_VERSION
    hubspot_client_id: str
    hubspot_app_id: int
    key_ring_file: Path
    login_url: Url
    session_jwks_url: Url
    session_issuer: str
    session_audience: str
    pkce: bool = True
    journal: bool = True
    chert_url: Url
    actions_url: Url | None = None
    timeline_url: Url | None = None

    @property
    def hubspot_origin(self) -> str | None:
        """What stands in for HubSpot's hosts; in production nothing does."""
        parts = urlsplit(self.hubspot_app_url)
        return f"{parts.scheme}://{parts.netloc}" if self.environment == "development" else None


class OAuthSecrets(Secrets):
    """What the secrets file holds.

    Attributes:
        hubspot_client_secrets: the app's client secrets, current first.
        state_secrets: they seal state cookies; the first seals, all open.
        service_credentials: what each sister service is known by, and operators, as `ops`.
        sister_credentials: what this service is known by, to each sister that it asks.
        chert_signing_secret: the platform credential that signs calls to Chert.
    """

    hubspot_client_secrets: Annotated[tuple[SecretStr, ...], Field(min_length=1)]
    state_secrets: Annotated[tuple[Secret, ...], Field(min_length=1)]
    service_credentials: dict[str, Secret]
    sister_credentials: dict[str, Secret] = Field(default_factory=dict)
    chert_signing_secret: Secret
