"""What this service is told."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Secrets, ServiceSettings


class Settings(ServiceSettings):
    """Environment variables with the prefix `WEBHOOKS_`."""

    model_config = SettingsConfigDict(env_prefix="WEBHOOKS_", frozen=True, extra="ignore")


class IngressSecrets(Secrets):
    """What the secrets file holds; several at once during a rotation.

    Attributes:
        hubspot_client_secrets: the app's client secrets; HubSpot signs with one of them.
        chert_webhook_secrets: secrets of the platform's webhook subscription at Chert.
        chert_tenant_webhook_secrets: of tenants with a subscription of their own, by Chert tenant.
    """

    hubspot_client_secrets: tuple[SecretStr, ...]
    chert_webhook_secrets: tuple[SecretStr, ...]
    chert_tenant_webhook_secrets: Mapping[str, tuple[SecretStr, ...]] = {}
