"""Pages to build workflows with the app's action, enrol contacts, and read what became of each (contract 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response

from simulators.hubspot.models import Contact, Portal
from simulators.hubspot.outcomes import Outcome
from simulators.hubspot.simulator import Simulator, SimulatorDep
from simulators.hubspot.templating import WITH_SCRIPTS, page
from simulators.hubspot.workflow_builder import SIGNATURES, Workflow, WorkflowBuilder, outputs_of
from simulators.hubspot.workflows import Enrollment, Execution

MAX_ENROLLED = 200
MAX_FIELD_CHARACTERS = 100_000

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.SUCCESS: "Succeeded",
    Outcome.FAIL_CONTINUE: "Failed, went on",
    Outcome.BLOCKED: "Waiting",
    Outcome.FAILED: "Failed",
    Outcome.EXPIRED: "Waited too long",
    Outcome.WILL_RETRY: "Will be retried",
}

router = APIRouter(prefix="/workflows/{portal_id}")


@dataclass(frozen=True, slots=True)
class Place:
    """The account that a page is about, and what builds its workflows."""

    portal: Portal
    builder: WorkflowBuilder
    simulator: Simulator


async def _place(portal_id: int, simulator: SimulatorDep) -> Place:
    portal = simulator.world.portal(portal_id)
    if simulator.builder is None:
        raise HTTPException(404, "no developer project was uploaded, so there is no action")
    return Place(portal, simulator.builder, simulator)


PlaceDep = Annotated[Place, Depends(_place)]


@dataclass(frozen=True, slots=True)
class Row:
    """One enrolment in a workflow's history."""

    contact: Contact | None
    execution: Execution
    words: str
    outputs: dict[str, str]


@router.get("")
async def show_workflows(request: Request, place: PlaceDep) -> Response:
    """The workflows of an account."""
    workflows = place.builder.of_portal(place.portal.portal_id)
    return page(request, "workflows.html", portal=place.portal, workflows=workflows, action=place.builder.action)


@router.get("/new")
async def show_builder(request: Request, place: PlaceDep, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The action's form; choices are asked of the app as HubSpot asks."""
    return page(
        request,
        "workflow_new.html",
        policy=WITH_SCRIPTS,
        portal=place.portal,
        action=place.builder.action,
        options=await place.builder.options(place.portal, q),
        query=q,
    )


@router.post("")
async def build(request: Request, place: PlaceDep) -> Response:
    """Keep what was filled in as a new workflow."""
    form = {name: str(value)[:MAX_FIELD_CHARACTERS] for name, value in (await request.form()).items()}
    workflow = place.builder.build(place.portal.portal_id, form.pop("workflow_name", "") or "Workflow", form)
    return RedirectResponse(_address(workflow), 303)


@router.get("/{workflow_id}")
async def show_workflow(workflow_id: int, request: Request, place: PlaceDep) -> Response:
    """One workflow: its step, whom to enrol, and its history."""
    workflow = place.builder.find(place.portal.portal_id, workflow_id)
    return page(
        request,
        "workflow.html",
        policy=WITH_SCRIPTS,
        portal=place.portal,
        workflow=workflow,
        action=place.builder.action,
        filled_in=place.builder.filled_in(workflow),
        outcomes=OUTCOMES,
        contacts=list(place.portal.contacts.values())[:MAX_ENROLLED],
        rows=_history(place, workflow),
    )


@router.get("/{workflow_id}/history")
async def show_history(workflow_id: int, request: Request, place: PlaceDep) -> Response:
    """The history alone, as the page fetches it again and again."""
    workflow = place.builder.find(place.portal.portal_id, workflow_id)
    rows, action = _history(place, workflow), place.builder.action
    return page(request, "history.html", portal=place.portal, action=action, outcomes=OUTCOMES, rows=rows)


@router.post("/{workflow_id}/enrollments")
async def enroll(
    workflow_id: int, place: PlaceDep, contact: Annotated[list[str] | None, Form(max_length=MAX_ENROLLED)] = None
) -> Response:
    """Let contacts reach the step, each on its own."""
    workflow = place.builder.find(place.portal.portal_id, workflow_id)
    for contact_id in contact or ():
        reached = place.simulator.world.contact(place.portal, contact_id)
        enrollment = Enrollment(reached, workflow.input_fields, workflow_id=workflow.workflow_id)
        place.simulator.background.start(_execute(place, enrollment), name=f"enrolment of {contact_id}")
    return RedirectResponse(_address(workflow), 303)


async def _execute(place: Place, enrollment: Enrollment) -> None:
    await place.simulator.workflows.execute(place.portal, enrollment, SIGNATURES)


def _history(place: Place, workflow: Workflow) -> list[Row]:
    """The workflow's enrolments, newest first."""
    executions = place.simulator.workflows.of_portal(place.portal.portal_id)
    return [_row(place, one) for one in reversed(executions) if _workflow_of(one) == workflow.workflow_id]


def _row(place: Place, execution: Execution) -> Row:
    outputs = outputs_of(execution)
    contact = place.portal.contacts.get(str(_member(execution, "object").get("objectId")))
    return Row(contact, execution, place.builder.action.words_for(outputs), outputs)


def _workflow_of(execution: Execution) -> object:
    return _member(execution, "context").get("workflowId")


def _member(execution: Execution, name: str) -> dict[str, object]:
    member = execution.payload[name]
    return member if isinstance(member, dict) else {}


def _address(workflow: Workflow) -> str:
    return f"/workflows/{workflow.portal_id}/{workflow.workflow_id}"
