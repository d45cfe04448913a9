"""What this service is told."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import DatabaseSettings, Secrets, ServiceSettings
from hubspot_client import DEFAULT_API_VERSION, ApiVersion

Secret = Annotated[SecretStr, Field(min_length=1)]


Words = Mapping[str, Annotated[tuple[str, ...], Field(min_length=1)]]
"""Words by language."""

STOP_WORDS: Final = {"en": ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")}
START_WORDS: Final = {"en": ("START", "UNSTOP", "SUBSCRIBE")}


class Settings(ServiceSettings, DatabaseSettings):
    """Environment variables with the prefix `ACTIONS_`.

    Attributes:
        mongo_database: this service's own.
        oauth_url: where `oauth` is asked about accounts.
        hubspot_api_url: HubSpot's API host.
        hubspot_api_version: which dated version of it is spoken.
        chert_url: Chert's host.
        stop_words: replies that end all sending to a number, by language; every language counts for everyone.
        start_words: replies that lift it.
    """

    model_config = SettingsConfigDict(env_prefix="ACTIONS_", frozen=True, extra="ignore")

    mongo_database: str = "actions"
    oauth_url: str
    hubspot_api_url: str = "https://api.hubapi.com"
    hubspot_api_version: ApiVersion = DEFAULT_API_VERSION
    chert_url: str
    stop_words: Words = STOP_WORDS
    start_words: Words = START_WORDS


class ActionsSecrets(Secrets):
    """What the secrets file holds.

    Attributes:
        hubspot_client_secrets: the app's client secrets, current first; two during a rotation.
        chert_signing_secret: the platform credential that signs calls to Chert.
        oauth_credential: what `oauth` knows this service by.
        number_hash_key: turns phone numbers into the hashes that outlive them; never to be changed.
        service_credentials: what each sister service that asks this one is known by.
    """

    hubspot_client_secrets: Annotated[tuple[Secret, ...], Field(min_length=1)]
    chert_signing_secret: Secret
    oauth_credential: Secret
    number_hash_key: Annotated[SecretStr, Field(min_length=16)]
    service_credentials: dict[str, Secret] = Field(default_factory=dict)
