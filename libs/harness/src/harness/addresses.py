"""Who listens where in one run, and what each process is told in its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness import deployed, paths
from harness.credentials import Credentials
from harness.ports import LOOPBACK, free_port

SERVICES = ("oauth", "webhooks", "actions", "timeline")
SIMULATORS = ("hubspot", "chert")

SESSION_AUDIENCE = "chert-hubspot"

# Passed on from the harness's own environment; everything else a process sees is said here.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH")


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The ports of one run and the servers it stands on."""

    gateway_port: int
    ports: Mapping[str, int]
    kafka_bootstrap: str
    mongo_url: str

    @classmethod
    def choose(cls, *, gateway_port: int, kafka_bootstrap: str, mongo_url: str) -> Self:
        """Free ports for everything but the gateway, whose port is given."""
        ports = {name: free_port() for name in (*SERVICES, *SIMULATORS)}
        return cls(gateway_port=gateway_port, ports=ports, kafka_bootstrap=kafka_bootstrap, mongo_url=mongo_url)

    @property
    def gateway_url(self) -> str:
        """The one address that browser, HubSpot and Chert use, and that signatures cover.

        HubSpot allows plain http for the name localhost alone (hubspot-contract.md, section 1).
        """
        return f"http://localhost:{self.gateway_port}"

    def url(self, name: str) -> str:
        """Where a service or simulator is reached directly."""
        return f"http://localhost:{self.ports[name]}"


@dataclass(frozen=True)
class RunFiles:
    """The files of one run that processes are told of."""

    folder: Path

    @property
    def clock(self) -> Path:
        """Moves the clock of everything but timeouts."""
        return self.folder / "clock.json"

    @property
    def key_ring(self) -> Path:
        """The keys that seal tokens."""
        return self.folder / "secrets" / "key_ring.json"

    @property
    def session_key(self) -> Path:
        """The key that signs console sessions; made by the Chert simulator."""
        return self.folder / "secrets" / "session_key.pem"

    def secrets(self, service: str) -> Path:
        """One service's secrets."""
        return self.folder / "secrets" / f"{service}.json"

    def log(self, process: str) -> Path:
        """What one process writes."""
        return self.folder / "logs" / f"{process}.log"


@dataclass(frozen=True)
class Environments:
    """The environment of every process of one run."""

    addresses: Addresses
    credentials: Credentials
    files: RunFiles

    def of(self, name: str) -> dict[str, str]:
        """The whole environment of a service, a simulator or the gateway."""
        own = {
            "gateway": self._gateway,
            "hubspot": self._hubspot,
            "chert": self._chert,
            "oauth": self._oauth,
            "webhooks": self._webhooks,
            "actions": self._actions,
            "timeline": self._timeline,
        }[name]()
        # Glibc gives each thread an arena of its own, which a small process pays for and does not need.
        return {
            **{key: os.environ[key] for key in _INHERITED if key in os.environ},
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
            **(deployed.environment(name) if name in SERVICES else {}),
            **own,
        }

    def _gateway(self) -> dict[str, str]:
        return {
            "GATEWAY_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.addresses.gateway_port),
            "GATEWAY_OAUTH_URL": self.addresses.url("oauth"),
            "GATEWAY_WEBHOOKS_URL": self.addresses.url("webhooks"),
            "GATEWAY_ACTIONS_URL": self.addresses.url("actions"),
            "GATEWAY_CHERT_URL": self.addresses.url("chert"),
        }

    def _hubspot(self) -> dict[str, str]:
        return self._prefixed(
            "HUBSPOT_SIM",
            HOST=LOOPBACK,
            PORT=str(self.addresses.ports["hubspot"]),
            CLIENT_ID=self.credentials.hubspot_client_id,
            CLIENT_SECRET=self.credentials.hubspot_client_secret,
            APP_ID=str(self.credentials.hubspot_app_id),
            REDIRECT_URIS=f"{self.addresses.gateway_url}/api/hubspot/oauth/callback",
            TARGET_BASE_URL=self.addresses.gateway_url,
            PROJECT=str(paths.developer_project()),
            CLOCK_FILE=str(self.files.clock),
        )

    def _chert(self) -> dict[str, str]:
        return self._prefixed(
            "CHERT_SIM",
            HOST=LOOPBACK,
            PORT=str(self.addresses.ports["chert"]),
            SIGNING_SECRET=self.credentials.chert_signing_secret,
            WEBHOOK_URL=f"{self.addresses.gateway_url}/api/chert/webhook",
            WEBHOOK_SECRET=self.credentials.chert_webhook_secret,
            ISSUER=self.addresses.gateway_url,
            AUDIENCE=SESSION_AUDIENCE,
            SESSION_KEY_FILE=str(self.files.session_key),
            CLOCK_FILE=str(self.files.clock),
        )

    def _oauth(self) -> dict[str, str]:
        return self._service(
            "oauth",
            **self._database,
            HUBSPOT_APP_URL=self.addresses.url("hubspot"),
            HUBSPOT_API_URL=self.addresses.url("hubspot"),
            HUBSPOT_CLIENT_ID=self.credentials.hubspot_client_id,
            HUBSPOT_APP_ID=str(self.credentials.hubspot_app_id),
            KEY_RING_FILE=str(self.files.key_ring),
            LOGIN_URL=f"{self.addresses.gateway_url}/login",
            SESSION_JWKS_URL=f"{self.addresses.url('chert')}/.well-known/jwks.json",
            SESSION_ISSUER=self.addresses.gateway_url,
            SESSION_AUDIENCE=SESSION_AUDIENCE,
            CHERT_URL=self.addresses.url("chert"),
            ACTIONS_URL=self.addresses.url("actions"),
            TIMELINE_URL=self.addresses.url("timeline"),
        )

    def _webhooks(self) -> dict[str, str]:
        return self._service("webhooks")

    def _actions(self) -> dict[str, str]:
        return self._service(
            "actions",
            **self._database,
            **self._oauth_url,
            HUBSPOT_API_URL=self.addresses.url("hubspot"),
            CHERT_URL=self.addresses.url("chert"),
        )

    def _timeline(self) -> dict[str, str]:
        return self._service(
            "timeline",
            **self._database,
            **self._oauth_url,
            HUBSPOT_API_URL=self.addresses.url("hubspot"),
            CHERT_URL=self.addresses.url("chert"),
        )

    @property
    def _database(self) -> dict[str, str]:
        return {"MONGO_URL": self.addresses.mongo_url}

    @property
    def _oauth_url(self) -> dict[str, str]:
        return {"OAUTH_URL": self.addresses.url("oauth")}

    def _service(self, name: str, **own: str) -> dict[str, str]:
        return self._prefixed(
            name.upper(),
            HOST=LOOPBACK,
            PORT=str(self.addresses.ports[name]),
            KAFKA_BOOTSTRAP=self.addresses.kafka_bootstrap,
            PUBLIC_BASE_URL=self.addresses.gateway_url,
            ENVIRONMENT="development",
            CLOCK_FILE=str(self.files.clock),
            SECRETS_FILE=str(self.files.secrets(name)),
            **own,
        )

    @staticmethod
    def _prefixed(prefix: str, **own: str) -> dict[str, str]:
        return {f"{prefix}_{key}": value for key, value in own.items()}
