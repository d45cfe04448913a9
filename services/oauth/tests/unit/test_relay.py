"""From the document to Kafka."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from chassis.clock import ManualClock
from chassis.kafka import BrokerAwayError, InMemoryEventPublisher
from chassis.metrics import Metrics
from chassis.outbox import OutboxRelay
from contracts.tenants import TenantInstalled, TenantUninstalled
from oauth.adapters.in_memory import InMemoryInstallations
from oauth.adapters.sealing import AesGcmSealer
from oauth.handlers.binding import bind, deactivate
from oauth.models import REQUIRED_SCOPES, AccountGrant, Project, Tokens

PORTAL = 62515


async def test_a_life_is_told_in_order_and_once_kafka_is_there(
    installations: InMemoryInstallations, sealer: AesGcmSealer, clock: ManualClock, acme: Project
) -> None:
    """Events wait while Kafka is away, then go out in the order of their revisions, and are not told again."""
    publisher = InMemoryEventPublisher()
    relay = OutboxRelay(installations, publisher, Metrics())
    tokens = Tokens(SecretStr("a"), SecretStr("r"), clock.now() + timedelta(seconds=1800))
    grant = AccountGrant(tokens, PORTAL, REQUIRED_SCOPES)
    for _ in range(2):
        bound = await bind(grant, acme, installations=installations, sealer=sealer, clock=clock)
        await deactivate(bound.installation, "app_uninstalled", installations=installations, clock=clock)
    publisher.away = True
    with pytest.raises(BrokerAwayError):
        await relay.step()
    publisher.away = False
    await relay.step()
    await relay.step()

    told = [event.data for event in publisher.published]

    assert [TenantInstalled, TenantUninstalled] * 2 == [type(data) for data in told]
    assert sorted(event.id.rpartition(":")[2] for event in publisher.published) == [
        event.id.rpartition(":")[2] for event in publisher.published
    ]
    assert {str(PORTAL).encode()} == {event.key() for event in publisher.published}
