"""Made-up secrets of one run: generated at start, written to files that only their owner reads, never printed."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SERVICES_WITH_TOKENS = ("actions", "timeline")
"""The services that ask `oauth` for access tokens, each with a credential of its own."""

OPERATOR = "ops"
"""The name by which services know operators."""

CHERTCTL = "chertctl"
"""The operators' command; it has a secrets file of its own."""

SERVICES_WITH_ACTIVITY = ("actions", "timeline")
"""The services that `oauth` asks what they did, each by a credential of its own."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Every secret that the processes of one run share."""

    hubspot_client_id: str
    hubspot_app_id: int
    hubspot_client_secret: str
    state_secret: str
    service_credentials: Mapping[str, str]
    sister_credentials: Mapping[str, str]
    chert_signing_secret: str
    chert_webhook_secret: str
    sealing_key: bytes
    number_hash_key: str
    redaction_key: str

    @classmethod
    def generate(cls) -> Self:
        """New ones, from the system's own source of randomness."""
        return cls(
            hubspot_client_id=secrets.token_hex(16),
            hubspot_app_id=100_000 + secrets.randbelow(900_000),
            hubspot_client_secret=secrets.token_hex(32),
            state_secret=secrets.token_hex(32),
            service_credentials={name: secrets.token_hex(32) for name in (*SERVICES_WITH_TOKENS, OPERATOR)},
            sister_credentials={service: secrets.token_hex(32) for service in SERVICES_WITH_ACTIVITY},
            chert_signing_secret=secrets.token_hex(32),
            chert_webhook_secret=secrets.token_hex(32),
            sealing_key=secrets.token_bytes(32),
            number_hash_key=secrets.token_hex(32),
            redaction_key=secrets.token_hex(32),
        )

    def key_ring(self) -> dict[str, object]:
        """The keys that seal tokens at rest: AES-256, so 32 bytes each."""
        return {"current": "k1", "keys": {"k1": base64.b64encode(self.sealing_key).decode()}}

    def secrets_of(self, service: str) -> dict[str, object]:
        """What one service's, or the operators' command's, secrets file holds: what it needs and nothing else."""
        hubspot = [self.hubspot_client_secret]
        match service:
            case "oauth":
                return {
                    "hubspot_client_secrets": hubspot,
                    "state_secrets": [self.state_secret],
                    "service_credentials": dict(self.service_credentials),
                    "sister_credentials": dict(self.sister_credentials),
                    "chert_signing_secret": self.chert_signing_secret,
                }
            case "webhooks":
                return {"hubspot_client_secrets": hubspot, "chert_webhook_secrets": [self.chert_webhook_secret]}
            case "actions":
                return {
                    "hubspot_client_secrets": hubspot,
                    "chert_signing_secret": self.chert_signing_secret,
                    "oauth_credential": self.service_credentials["actions"],
                    "number_hash_key": self.number_hash_key,
                    "service_credentials": {"oauth": self.sister_credentials["actions"], **self._operator},
                }
            case "chertctl":
                return {
                    "ops_credential": self.service_credentials[OPERATOR],
                    "redaction_key": self.redaction_key,
                    "chert_signing_secret": self.chert_signing_secret,
                    "chert_webhook_secrets": [self.chert_webhook_secret],
                    "hubspot_client_secrets": hubspot,
                    "permissions": ["reveal"],
                }
            case _:
                return {
                    "oauth_credential": self.service_credentials["timeline"],
                    "chert_signing_secret": self.chert_signing_secret,
                    "number_hash_key": self.number_hash_key,
                    "service_credentials": {"oauth": self.sister_credentials["timeline"], **self._operator},
                }

    @property
    def _operator(self) -> dict[str, str]:
        return {OPERATOR: self.service_credentials[OPERATOR]}


def write_private(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON to a file in one step, readable for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content))
    draft.replace(path)
