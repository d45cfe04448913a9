"""What this service is told."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from actions.models import FaultPoint
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
        creation_max_age_hours: contacts that were created longer ago get no template.
        accept_v2: whether workflow calls may carry HubSpot's older signature, which has no replay window.
        fault_point: a place to die at, once: its name, and after a colon anything that makes it another order;
            development only.
    """

    model_config = SettingsConfigDict(env_prefix="ACTIONS_", frozen=True, extra="ignore")

    mongo_database: str = "actions"
    oauth_url: str
    hubspot_api_url: str = "https://api.hubapi.com"
    hubspot_api_version: ApiVersion = DEFAULT_API_VERSION
    chert_url: str
    stop_words: Words = STOP_WORDS
    start_words: Words = START_WORDS
    creation_max_age_hours: float = Field(default=24.0, gt=0)
    accept_v2: bool = False
    fault_point: str | None = None

    @field_validator("fault_point")
    @classmethod
    def _name_a_fault_point(cls, order: str | None) -> str | None:
        if order is not None and order.partition(":")[0] not in set(FaultPoint):
            raise ValueError(f"the fault points are {', '.join(FaultPoint)}")
        return order

    @model_validator(mode="after")
    def _refuse_fault_point_in_production(self) -> "Settings":
        if self.fault_point is not None and self.environment == "production":
            raise ValueError("FAULT_POINT kills the process; it is refused unless ENVIRONMENT is development")
        return self


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
