"""Secrets for docker compose."""

import json
from pathlib import Path

import pytest

from harness import compose
from harness.errors import HarnessError

ENVIRONMENT = {name: f"{name.lower()}-value" for name in compose.SHARED}


def test_services_and_simulators_share_what_they_must(tmp_path: Path) -> None:
    """The files hold the secrets that the simulators are told, and credentials that match each other."""
    compose.write_secrets(tmp_path, ENVIRONMENT)
    oauth, webhooks, actions = (
        json.loads((tmp_path / f"{service}.json").read_text()) for service in ("oauth", "webhooks", "actions")
    )

    assert ["hubspot_sim_client_secret-value"] == oauth["hubspot_client_secrets"] == webhooks["hubspot_client_secrets"]
    assert ["chert_sim_webhook_secret-value"] == webhooks["chert_webhook_secrets"]
    assert "chert_sim_signing_secret-value" == actions["chert_signing_secret"]
    assert oauth["service_credentials"]["actions"] == actions["oauth_credential"]


def test_secrets_that_are_there_stay(tmp_path: Path) -> None:
    """A second start changes nothing: the key ring that sealed tokens is kept."""
    compose.write_secrets(tmp_path, ENVIRONMENT)
    ring = (tmp_path / "key-ring.json").read_text()

    assert [] == compose.write_secrets(tmp_path, ENVIRONMENT)
    assert ring == (tmp_path / "key-ring.json").read_text()


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    """What has to be set is said by name, and nothing is written."""
    with pytest.raises(HarnessError, match="CHERT_SIM_WEBHOOK_SECRET"):
        compose.write_secrets(tmp_path, {})

    assert [] == list(tmp_path.iterdir())
