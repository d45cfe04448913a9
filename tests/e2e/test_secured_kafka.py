"""The main job on a Kafka that wants TLS and to know who asks, with certificates made here."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from libs.chassis.tests.integration._secured import PASSWORD, USERNAME, SecuredBroker, certificates, serving
from rich.console import Console
from tests.e2e._settings import told

from harness import catalogue
from harness.journal import Journal
from harness.system import System
from harness.walk import Walk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SHOWING_A_CERTIFICATE = ("oauth", "timeline")
GIVING_A_PASSWORD = ("webhooks", "actions")


@pytest.fixture
def secured(system: System, tmp_path: Path) -> Iterator[SecuredBroker]:
    """The system while its services know a secured broker alone: two by certificate, two by name and password."""
    files, password = certificates(tmp_path / "certificates"), tmp_path / "password"
    password.write_text(PASSWORD)
    with serving(tmp_path, files) as broker:
        catalogue.make_topics(broker.bootstrap)
        believed = {"KAFKA_TLS": "true", "KAFKA_CA_FILE": str(files.authority)}
        certified = {
            **believed,
            "KAFKA_BOOTSTRAP": broker.for_certificates,
            "KAFKA_CERTIFICATE_FILE": str(files.client),
            "KAFKA_KEY_FILE": str(files.client_key),
        }
        named = {
            **believed,
            "KAFKA_BOOTSTRAP": broker.for_names,
            "KAFKA_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_USERNAME": USERNAME,
            "KAFKA_PASSWORD_FILE": str(password),
        }
        settings = dict.fromkeys(SHOWING_A_CERTIFICATE, certified) | dict.fromkeys(GIVING_A_PASSWORD, named)
        own = {name: {f"{name.upper()}_{key}": value for key, value in of.items()} for name, of in settings.items()}
        with told(system, own):
            yield broker


async def test_the_main_job_is_done_over_secured_connections(system: System, secured: SecuredBroker) -> None:
    """Every service's producers, consumers and transactions reach such a broker with settings alone."""
    run = replace(system.seed("secured"), kafka_bootstrap=secured.bootstrap)  # the test itself looks on unsecured

    async with Walk(run, Journal(Console(quiet=True))) as walk:
        journal = await walk.all_steps()

    assert 6 == len(journal.seconds)
