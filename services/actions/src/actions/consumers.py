"""The Kafka edge: the projection of tenants."""

from actions.handlers.tenants import project_tenant
from actions.ports import TenantStore
from chassis.consuming import Consumers
from contracts.envelope import Event
from contracts.tenants import TenantInstalled, TenantUninstalled, TenantUpdated
from contracts.topics import TENANT_INSTALLED, TENANT_UNINSTALLED, TENANT_UPDATED


def subscribe(consumers: Consumers, *, tenants: TenantStore) -> None:
    """Say which events this service handles, and how."""

    @consumers.subscriber(TENANT_INSTALLED, projection=True)
    async def on_tenant_installed(event: Event[TenantInstalled]) -> None:
        await project_tenant(event.data, tenants=tenants)

    @consumers.subscriber(TENANT_UPDATED, projection=True)
    async def on_tenant_updated(event: Event[TenantUpdated]) -> None:
        await project_tenant(event.data, tenants=tenants)

    @consumers.subscriber(TENANT_UNINSTALLED, projection=True)
    async def on_tenant_uninstalled(event: Event[TenantUninstalled]) -> None:
        await project_tenant(event.data, tenants=tenants)
