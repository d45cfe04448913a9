"""What the process is told, and what it does with it before anything is there."""

import json
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest
from pydantic import ValidationError

from chassis.clock import ManualClock
from chassis.lifespan import Plumbing
from chassis.settings import RereadFile
from oauth.app import assemble
from oauth.app.connections import connect
from oauth.settings import OAuthSecrets, Settings

SETTINGS: Mapping[str, object] = {
    "port": 1,
    "kafka_bootstrap": "127.0.0.1:1",
    "mongo_url": "mongodb://127.0.0.1:1/",
    "public_base_url": "https://chert.test",
    "hubspot_app_url": "https://app.hubspot.com",
    "hubspot_api_url": "https://api.hubapi.com",
    "hubspot_client_id": "client",
    "hubspot_app_id": 7,
    "login_url": "https://chert.test/login",
    "session_jwks_url": "https://chert.test/.well-known/jwks.json",
    "session_issuer": "https://chert.test",
    "session_audience": "chert-hubspot",
    "chert_url": "https://console.trychert.test",
}


def settings(folder: Path, **changes: object) -> Settings:
    """Settings with files in a folder."""
    files = {"secrets_file": folder / "secrets.json", "key_ring_file": folder / "ring.json"}
    return Settings.model_validate({**SETTINGS, **files, **changes})


def test_the_defaults_are_the_safe_ones(tmp_path: Path) -> None:
    """PKCE and the journal are on, nothing stands in for HubSpot, and the API version is the newest supported."""
    told = settings(tmp_path)

    assert (True, True, None) == (told.pkce, told.journal, told.hubspot_origin)
    assert ("oauth", "2026-09") == (told.mongo_database, told.hubspot_api_version)


def test_only_in_development_something_stands_in_for_hubspot(tmp_path: Path) -> None:
    """Scheme, host and port of the address where consent is given, and nothing more of it."""
    told = settings(tmp_path, environment="development", hubspot_app_url="http://localhost:8081/anything")

    assert "http://localhost:8081" == told.hubspot_origin


@pytest.mark.parametrize(
    "change", [{"login_url": "javascript:alert(1)"}, {"hubspot_app_url": "/relative"}, {"hubspot_api_version": "v1"}]
)
def test_odd_settings_are_refused_at_the_start(tmp_path: Path, change: dict[str, object]) -> None:
    """An address that is none, and a version that HubSpot ends, keep the process from starting."""
    with pytest.raises(ValidationError):
        settings(tmp_path, **change)


async def test_without_anything_the_process_says_what_is_missing(tmp_path: Path) -> None:
    """With no database, secrets or keys yet, the app is built, lives, and names what it waits for."""
    told, plumbing = settings(tmp_path), Plumbing(clock=ManualClock())
    connections = connect(told, plumbing)
    app = assemble(told, plumbing, connections)
    asking = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://chert.test")
    async with connections.client, asking as client:
        live, ready = await client.get("/livez"), await client.get("/readyz")
        asked = await client.get("/internal/tenants/1", headers={"Authorization": "Bearer x"})

    assert 200 == live.status_code
    assert 503 == ready.status_code
    assert {"database", "secrets", "sealing key"} <= set(ready.json()["missing"])
    assert 503 == asked.status_code


def test_secrets_mask_themselves(tmp_path: Path) -> None:
    """A secrets file is read whole, and printing it shows none of it."""
    path = tmp_path / "secrets.json"
    canary = "canary-secret-of-this-test"
    path.write_text(
        json.dumps(
            {
                "hubspot_client_secrets": [canary],
                "state_secrets": [canary],
                "service_credentials": {"actions": canary},
                "sister_credentials": {"actions": canary},
                "chert_signing_secret": canary,
            }
        )
    )
    secrets = RereadFile(path, OAuthSecrets, ManualClock()).read()

    assert canary == secrets.service_credentials["actions"].get_secret_value()
    assert canary not in repr(secrets)
    assert canary not in str(secrets)
