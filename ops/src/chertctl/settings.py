"""Where everything is, and what this operator may do: environment variables, else the run of this checkout.

The variables are those of the services with the prefix `CHERTCTL_`. What none of them says comes from the nearest
`.local/run.json`, upwards from the working folder, which a running local system keeps (`CHERTCTL_RUN_FILE` names
another).
"""

import json
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chertctl.outcomes import OperatorError, WrongCallError

RUN_FILE = Path(".local") / "run.json"
RUN_SECRETS = Path("secrets") / "chertctl.json"
"""The operators' secrets of a local run, beside its run file."""

ServiceName = Literal["oauth", "webhooks", "actions", "timeline"]


SERVICES: Final[tuple[ServiceName, ...]] = get_args(ServiceName)


def service_named(name: str) -> ServiceName:
    """The service, which is also the consumer group, of that name.

    Raises:
        WrongCallError: there is none.
    """
    found = next((service for service in SERVICES if service == name), None)
    if found is None:
        raise WrongCallError(f"There is no group {name}; the groups are {', '.join(SERVICES)}.")
    return found


class OperatorSecrets(BaseModel):
    """The operators' secrets file.

    Attributes:
        ops_credential: what services know operators by.
        redaction_key: makes the hashes that stand for phone numbers the same on every screen.
        permissions: what this operator may do beyond the usual; `reveal` shows one record's content.
        chert_signing_secret: signs calls to Chert.
        chert_webhook_secrets: of Chert's webhook subscription, current first.
        hubspot_client_secrets: of the HubSpot app, current first.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    ops_credential: SecretStr | None = None
    redaction_key: SecretStr | None = None
    permissions: frozenset[str] = frozenset()
    chert_signing_secret: SecretStr | None = None
    chert_webhook_secrets: tuple[SecretStr, ...] = ()
    hubspot_client_secrets: tuple[SecretStr, ...] = ()


class Settings(BaseSettings):
    """Environment variables with the prefix `CHERTCTL_`.

    Attributes:
        operator: whose acts these are, in the audit.
        kafka_bootstrap: `host:port` of brokers, comma separated.
        oauth_url: where `oauth` is reached directly, not through the gateway; the other services likewise.
        hubspot_api_url: HubSpot's API host.
        chert_url: Chert's host.
        public_base_url: what the outside calls, and signatures cover.
        secrets_file: see `OperatorSecrets`.
        run_file: a local system's `run.json`.
    """

    model_config = SettingsConfigDict(env_prefix="CHERTCTL_", frozen=True, extra="ignore")

    operator: str | None = Field(default=None, min_length=1, max_length=100)
    kafka_bootstrap: str | None = None
    oauth_url: str | None = None
    webhooks_url: str | None = None
    actions_url: str | None = None
    timeline_url: str | None = None
    hubspot_api_url: str | None = None
    chert_url: str | None = None
    public_base_url: str | None = None
    secrets_file: Path | None = None
    run_file: Path | None = None

    def need(self, name: str) -> str:
        """A setting that this verb cannot do without.

        Raises:
            WrongCallError: it is not given.
        """
        value: str | None = getattr(self, name)
        if value is None:
            raise WrongCallError(f"Set CHERTCTL_{name.upper()}, or call this where a local system runs ({RUN_FILE}).")
        return value

    @property
    def tls(self) -> bool:
        """Whether any service is reached by HTTPS."""
        return any((getattr(self, f"{name}_url") or "").lower().startswith("https:") for name in SERVICES)

    def url_of(self, service: ServiceName) -> str:
        """Where a service is reached.

        Raises:
            WrongCallError: that is not given.
        """
        return self.need(f"{service}_url")

    def secrets(self) -> OperatorSecrets:
        """The operators' secrets; empty ones where no file is named.

        Raises:
            OperatorError: the file cannot be read.
        """
        if self.secrets_file is None:
            return OperatorSecrets()
        try:
            return OperatorSecrets.model_validate_json(self.secrets_file.read_bytes())
        except OSError as error:
            raise OperatorError(f"{self.secrets_file} cannot be read: {error.strerror}.") from None
        except ValidationError:
            raise OperatorError(f"{self.secrets_file} is not an operators' secrets file.") from None


def load() -> Settings:
    """The settings of this call.

    Raises:
        WrongCallError: a variable is not allowed, or the run file is none.
    """
    try:
        told = Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "_".join(str(part) for part in first["loc"]).upper()
        raise WrongCallError(f"CHERTCTL_{where}: {first['msg']}") from None
    file = told.run_file or _nearest(Path.cwd())
    if file is None:
        return told
    missing = {name: value for name, value in _of_run(file).items() if getattr(told, name) is None}
    return told.model_copy(update=missing)


def _nearest(folder: Path) -> Path | None:
    return next((path for one in (folder, *folder.parents) if (path := one / RUN_FILE).is_file()), None)


def _of_run(file: Path) -> dict[str, Any]:
    try:
        run = json.loads(file.read_text())
        services: dict[str, str] = run["services"]
        return {
            "kafka_bootstrap": run["kafka_bootstrap"],
            **{f"{name}_url": url for name, url in services.items() if f"{name}_url" in Settings.model_fields},
            "hubspot_api_url": run["hubspot_url"],
            "chert_url": run["chert_url"],
            "public_base_url": run["public_base_url"],
            "secrets_file": file.parent / RUN_SECRETS,
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise WrongCallError(f"{file} is not a run file; set CHERTCTL_… variables, or start the system anew.") from None
