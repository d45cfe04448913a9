"""The control API of the simulated HubSpot: make accounts, run workflows, send events, read the truth."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, HTTPException, Query, Response

from simulators.hubspot.control_models import (
    CommunicationView,
    ContactCreated,
    ContactOrder,
    ContactView,
    DeliveryList,
    DeliveryView,
    EventsOrder,
    ExecutionList,
    ExecutionOrder,
    ExecutionResult,
    ExecutionView,
    InstallView,
    Ledger,
    Logged,
    PortalChange,
    PortalOrder,
    PortalView,
    SwitchesOrder,
    SwitchesView,
    Timeline,
    UninstallOrder,
    UninstallResult,
)
from simulators.hubspot.models import Portal
from simulators.hubspot.outbound import json_object
from simulators.hubspot.record_pages import timeline
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.workflows import Enrollment, Execution, UnknownExecutionError

# What contact events say of a change made by hand in HubSpot.
CHANGED_BY_HAND = "CRM_UI"
MAX_LOGGED = 5_000

router = APIRouter(prefix="/control", tags=["HubSpot"])


@router.post("/portals", status_code=201)
async def open_portal(order: PortalOrder, simulator: SimulatorDep) -> PortalView:
    """Open an account; 409 when its id is taken."""
    portal = simulator.world.add_portal(order.portal_id, order.name, order.unavailable_scopes, order.withheld_scopes)
    return PortalView.of(portal)


@router.patch("/portals/{portal_id}")
async def change_portal(portal_id: int, order: PortalChange, simulator: SimulatorDep) -> PortalView:
    """Change what an account may grant and has, as its plan and its admin would; grants that live stay."""
    portal = simulator.world.portal(portal_id)
    if order.unavailable_scopes is not None:
        portal.unavailable_scopes = frozenset(order.unavailable_scopes)
    if order.withheld_scopes is not None:
        portal.withheld_scopes = frozenset(order.withheld_scopes)
    if order.missing_properties is not None:
        portal.missing_properties = frozenset(order.missing_properties)
    return PortalView.of(portal)


@router.post("/portals/{portal_id}/contacts", status_code=201)
async def create_contact(portal_id: int, order: ContactOrder, simulator: SimulatorDep) -> ContactCreated:
    """Add a contact by hand; an app that subscribed to it hears of it."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.create_contact(portal, order.properties)
    simulator.webhooks.contact_created(portal, contact, CHANGED_BY_HAND)
    return ContactCreated(id=contact.contact_id)


@router.patch("/portals/{portal_id}/contacts/{contact_id}")
async def change_contact(portal_id: int, contact_id: str, order: ContactOrder, simulator: SimulatorDep) -> ContactView:
    """Change properties of a contact by hand; an empty value clears one."""
    portal = simulator.world.portal(portal_id)
    contact = simulator.world.contact(portal, contact_id)
    changed = simulator.world.update_contact(contact, order.properties)
    simulator.webhooks.properties_changed(portal, contact, changed, CHANGED_BY_HAND)
    return ContactView.of(portal, contact)


@router.get("/portals/{portal_id}/contacts/{contact_id}/timeline")
async def read_timeline(portal_id: int, contact_id: str, simulator: SimulatorDep) -> Timeline:
    """What stands on a contact's timeline."""
    portal = simulator.world.portal(portal_id)
    messages = timeline(portal, simulator.world.contact(portal, contact_id))
    return Timeline(communications=[CommunicationView.of(message) for message in messages])


@router.post("/portals/{portal_id}/workflow-executions")
async def run_workflow(portal_id: int, order: ExecutionOrder, simulator: SimulatorDep) -> ExecutionResult:
    """Call the app's action once; what has to be retried goes on in the background."""
    portal = simulator.world.portal(portal_id)
    if order.callback_id is None:
        execution = await _execute(order, portal, simulator)
    else:
        execution = simulator.workflows.find(order.callback_id)
        if execution.portal_id != portal_id:
            raise UnknownExecutionError(order.callback_id)
        await simulator.workflows.repeat(execution, order.input_fields, tuple(order.signatures))
    return _result(execution)


@router.get("/workflow-executions/{callback_id}")
async def read_execution(callback_id: str, simulator: SimulatorDep) -> ExecutionView:
    """An execution with every attempt."""
    return ExecutionView.of(simulator.workflows.find(callback_id))


@router.get("/portals/{portal_id}/workflow-executions")
async def list_executions(portal_id: int, simulator: SimulatorDep) -> ExecutionList:
    """Every execution of an account with every attempt."""
    portal = simulator.world.portal(portal_id)
    return ExecutionList(executions=[ExecutionView.of(one) for one in simulator.workflows.of_portal(portal.portal_id)])


@router.post("/portals/{portal_id}/uninstall")
async def uninstall(
    portal_id: int, simulator: SimulatorDep, order: Annotated[UninstallOrder | None, Body()] = None
) -> UninstallResult:
    """Remove the app: every grant and access token of the account ends; 409 when it is not installed."""
    portal = simulator.world.portal(portal_id)
    if portal.install is None:
        raise HTTPException(409, "the app is not installed in this account")
    delivery = simulator.uninstall(portal, push=order.push if order else None)
    return UninstallResult(portal_id=portal.portal_id, delivery_id=delivery.delivery_id if delivery else None)


@router.post("/webhooks", status_code=202)
async def send_events(order: EventsOrder, simulator: SimulatorDep) -> DeliveryList:
    """Deliver events exactly as given; retries go on in the background."""
    deliveries = simulator.webhooks.send(order.portal_id, [*order.events])
    return DeliveryList(deliveries=[DeliveryView.of(delivery) for delivery in deliveries])


@router.get("/deliveries")
async def list_deliveries(
    simulator: SimulatorDep, portal_id: Annotated[int | None, Query(description="of this account alone")] = None
) -> DeliveryList:
    """Every webhook delivery with its attempts."""
    chosen = [one for one in simulator.deliveries.all() if portal_id in {None, one.portal_id}]
    return DeliveryList(deliveries=[DeliveryView.of(delivery) for delivery in chosen])


@router.post("/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver(delivery_id: str, simulator: SimulatorDep) -> DeliveryView:
    """Send the same events once more, freshly signed."""
    delivery = simulator.deliveries.find(delivery_id)
    if delivery is None:
        raise HTTPException(404, "no such delivery")
    simulator.deliveries.redeliver(delivery)
    return DeliveryView.of(delivery)


@router.get("/ledger")
async def read_ledger(simulator: SimulatorDep) -> Ledger:
    """Everything this HubSpot holds."""
    portals = list(simulator.world.portals.values())
    return Ledger(
        portals=[PortalView.of(portal) for portal in portals],
        installs=[InstallView.model_validate(portal.install) for portal in portals if portal.install],
        contacts=[ContactView.of(portal, contact) for portal in portals for contact in portal.contacts.values()],
        communications=[
            CommunicationView.of(message) for portal in portals for message in portal.communications.values()
        ],
    )


@router.get("/communications")
async def list_communications(
    simulator: SimulatorDep,
    after: Annotated[int, Query(description="only messages with a greater id")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LOGGED)] = 1_000,
) -> Logged:
    """The messages on all timelines, in the order in which they were logged."""
    found = simulator.world.logged_after(after, limit)
    return Logged(communications=[CommunicationView.of(message) for message in found])


@router.get("/switches")
async def read_switches(simulator: SimulatorDep) -> SwitchesView:
    """How this HubSpot behaves."""
    return SwitchesView.model_validate(simulator.world.switches)


@router.patch("/switches")
async def change_switches(order: SwitchesOrder, simulator: SimulatorDep) -> SwitchesView:
    """Change how this HubSpot behaves; what is not named stays."""
    simulator.world.switches = replace(simulator.world.switches, **order.model_dump(exclude_none=True))
    return SwitchesView.model_validate(simulator.world.switches)


@router.post("/reset", status_code=204, response_class=Response)
async def reset(simulator: SimulatorDep) -> None:
    """Back to an empty HubSpot; ids go on, so that nothing old is mistaken for something new."""
    await simulator.reset()


async def _execute(order: ExecutionOrder, portal: Portal, simulator: Simulator) -> Execution:
    enrollment = Enrollment(
        contact=simulator.world.contact(portal, order.contact_id or ""),
        input_fields=order.input_fields or {},
        workflow_id=order.workflow_id,
        enrollment_id=order.enrollment_id,
        action_execution_index=order.action_execution_index,
    )
    return await simulator.workflows.execute(portal, enrollment, tuple(order.signatures))


def _result(execution: Execution) -> ExecutionResult:
    """The latest attempt, as the caller of the control API reads it."""
    latest = execution.attempts[-1]
    return ExecutionResult.model_validate(
        {
            "callback_id": execution.callback_id,
            "status": latest.status or 0,
            "body": json_object(latest.body),
            "outcome": latest.outcome,
            "attempts": len(execution.attempts),
        }
    )
