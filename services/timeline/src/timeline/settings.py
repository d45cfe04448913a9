"""What this service is told."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import DatabaseSettings, Secrets, ServiceSettings
from hubspot_client import DEFAULT_API_VERSION, ApiVersion
from timeline.models import MAX_BATCH, FaultPoint

Secret = Annotated[SecretStr, Field(min_length=1)]


class Settings(ServiceSettings, DatabaseSettings):
    """Environment variables with the prefix `TIMELINE_`.

    Attributes:
        mongo_database: this service's own.
        oauth_url: where access tokens come from.
        chert_url: where Chert's event log is read, for what Chert gave up delivering.
        hubspot_api_url: `https://api.hubapi.com` in production.
        hubspot_api_version: the dated version of HubSpot's API.
        batch: how many replies one call may write; 1 writes each alone.
        fault_point: a place to die at, once: its name, and after a colon anything that makes it another order;
            development only.
    """

    model_config = SettingsConfigDict(env_prefix="TIMELINE_", frozen=True, extra="ignore")

    mongo_database: str = "timeline"
    oauth_url: str
    chert_url: str
    hubspot_api_url: str
    hubspot_api_version: ApiVersion = DEFAULT_API_VERSION
    batch: int = Field(default=MAX_BATCH, ge=1, le=MAX_BATCH)
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


class TimelineSecrets(Secrets):
    """What the secrets file holds.

    Attributes:
        oauth_credential: what `oauth` knows this service by.
        chert_signing_secret: signs calls to Chert.
        service_credentials: what each sister service that asks this one is known by.
        number_hash_key: turns phone numbers into the hashes that operators find replies by; never to be changed.
    """

    oauth_credential: Secret
    chert_signing_secret: Secret
    number_hash_key: Annotated[SecretStr, Field(min_length=16)]
    service_credentials: dict[str, Secret] = Field(default_factory=dict)
