"""What each process of a run is told."""

import json
from pathlib import Path

import pytest

from harness.addresses import SERVICES, SIMULATORS, Addresses, Environments, RunFiles
from harness.as_in_image import ABSENT
from harness.credentials import Credentials, write_private


def environments() -> Environments:
    """The environments of a run with made-up addresses."""
    addresses = Addresses.choose(gateway_port=8080, kafka_bootstrap="127.0.0.1:1", mongo_url="mongodb://127.0.0.1:2/")
    return Environments(addresses, Credentials.generate(), RunFiles(Path("run")))


def test_every_port_is_its_own() -> None:
    """No two processes are given one port."""
    ports = environments().addresses.ports

    assert len({*SERVICES, *SIMULATORS}) == len(set(ports.values()))


@pytest.mark.parametrize("name", [*SERVICES, *SIMULATORS, "gateway"])
def test_a_process_sees_its_own_settings_only(name: str) -> None:
    """Beside what every program needs, only variables with the process's own prefix are set."""
    prefix = {"hubspot": "HUBSPOT_SIM_", "chert": "CHERT_SIM_"}.get(name, f"{name.upper()}_")
    every = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONUNBUFFERED", "MALLOC_ARENA_MAX"}
    allowed = every | ({ABSENT} if name in SERVICES else set())

    assert not [key for key in environments().of(name) if not key.startswith(prefix) and key not in allowed]


def test_webhooks_is_told_of_no_database() -> None:
    """Ingress depends on Kafka alone."""
    assert "WEBHOOKS_MONGO_URL" not in environments().of("webhooks")


def test_no_service_s_secret_is_in_its_environment() -> None:
    """Services read secrets from their file, which can be replaced while they run."""
    run = environments()
    values = {value for service in SERVICES for value in run.of(service).values()}

    assert not values & {run.credentials.hubspot_client_secret, run.credentials.chert_signing_secret}


def test_each_service_gets_the_secrets_it_needs_and_no_others() -> None:
    """Only `oauth` knows every service credential; ingress has nothing that sends; each pair shares one secret."""
    credentials = Credentials.generate()

    assert {
        "hubspot_client_secrets",
        "state_secrets",
        "service_credentials",
        "sister_credentials",
        "chert_signing_secret",
    } == credentials.secrets_of("oauth").keys()
    for sister in ("actions", "timeline"):
        assert {
            "oauth": credentials.sister_credentials[sister],
            "ops": credentials.service_credentials["ops"],
        } == credentials.secrets_of(sister)["service_credentials"]
    assert {"hubspot_client_secrets", "chert_webhook_secrets"} == credentials.secrets_of("webhooks").keys()
    assert credentials.secrets_of("actions")["oauth_credential"] == credentials.service_credentials["actions"]
    assert credentials.secrets_of("timeline")["oauth_credential"] == credentials.service_credentials["timeline"]


def test_two_runs_share_no_secret() -> None:
    """Secrets are made anew for each run."""
    assert Credentials.generate().hubspot_client_secret != Credentials.generate().hubspot_client_secret


def test_secrets_are_readable_for_their_owner_alone(tmp_path: Path) -> None:
    """A secrets file is written whole, with mode 600."""
    path = tmp_path / "secrets" / "oauth.json"
    write_private(path, {"a": 1})
    write_private(path, {"a": 2})

    assert {"a": 2} == json.loads(path.read_text())
    assert 0o600 == path.stat().st_mode & 0o777
