"""What this service is told."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import DatabaseSettings, Secrets, ServiceSettings

Secret = Annotated[SecretStr, Field(min_length=1)]


class Settings(ServiceSettings, DatabaseSettings):
    """Environment variables with the prefix `ACTIONS_`.

    Attributes:
        mongo_database: this service's own.
        oauth_url: where `oauth` is asked about accounts.
        chert_url: Chert's host.
    """

    model_config = SettingsConfigDict(env_prefix="ACTIONS_", frozen=True, extra="ignore")

    mongo_database: str = "actions"
    oauth_url: str
    chert_url: str


class ActionsSecrets(Secrets):
    """What the secrets file holds.

    Attributes:
        hubspot_client_secrets: the app's client secrets, current first; two during a rotation.
        chert_signing_secret: the platform credential that signs calls to Chert.
        oauth_credential: what `oauth` knows this service by.
        service_credentials: what each sister service that asks this one is known by.
    """

    hubspot_client_secrets: Annotated[tuple[Secret, ...], Field(min_length=1)]
    chert_signing_secret: Secret
    oauth_credential: Secret
    service_credentials: dict[str, Secret] = Field(default_factory=dict)
