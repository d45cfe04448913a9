"""Workflows of one step that people build on the pages, with the real action's fields (contract 4.1 and 4.5)."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from simulators.hubspot.models import Portal
from simulators.hubspot.outbound import Patience, SignedCaller, json_object
from simulators.hubspot.project import Action, Option, Project
from simulators.hubspot.signing import SignatureVersion
from simulators.hubspot.workflows import ACTION_DEFINITION_ID, DURATION_FIELD, Execution

FIRST_WORKFLOW_ID = 300_000_001
MAX_WORKFLOWS = 1_000
PATIENCE = Patience(connect=3.0, total=10.0)
SIGNATURES = (SignatureVersion.V2, SignatureVersion.V3)
OK = 200
CONTROL_FIELDS = frozenset({"hs_execution_state", DURATION_FIELD})


class UnknownWorkflowError(LookupError):
    """The account has no such workflow."""


class TooManyWorkflowsError(RuntimeError):
    """More workflows than this HubSpot keeps."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow whose one step is the app's action."""

    workflow_id: int
    portal_id: int
    name: str
    input_fields: dict[str, str]


class FetchedOption(BaseModel):
    """One choice that the app offers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    value: str
    description: str = ""


class FetchedOptions(BaseModel):
    """What the app answers an option fetch."""

    options: tuple[FetchedOption, ...] = ()
    after: str | None = None
    searchable: bool = False


class WorkflowBuilder:
    """The workflows of every account, and the questions that building one asks the app."""

    def __init__(self, project: Project, caller: SignedCaller, target_base_url: str) -> None:
        self._project, self._caller, self._target = project, caller, target_base_url
        self._workflows: dict[int, Workflow] = {}
        self._told: dict[tuple[int, str], tuple[FetchedOption, ...]] = {}
        self._ids = itertools.count(FIRST_WORKFLOW_ID)

    @property
    def action(self) -> Action:
        """The app's action."""
        return self._project.action

    def clear(self) -> None:
        """Forget every workflow."""
        self._workflows.clear()
        self._told.clear()

    def of_portal(self, portal_id: int) -> list[Workflow]:
        """The workflows of an account, oldest first."""
        return [one for one in self._workflows.values() if one.portal_id == portal_id]

    def find(self, portal_id: int, workflow_id: int) -> Workflow:
        """A workflow of an account.

        Raises:
            UnknownWorkflowError: There is none.
        """
        workflow = self._workflows.get(workflow_id)
        if workflow is None or workflow.portal_id != portal_id:
            raise UnknownWorkflowError(workflow_id)
        return workflow

    def build(self, portal_id: int, name: str, filled_in: Mapping[str, str]) -> Workflow:
        """Keep a new workflow; fields that nothing asks for are left out.

        Raises:
            TooManyWorkflowsError: There are too many.
        """
        if len(self._workflows) >= MAX_WORKFLOWS:
            raise TooManyWorkflowsError
        known = {field.type_definition.name for field in self.action.input_fields}
        asked = {field: value for field, value in filled_in.items() if field in known and value}
        for field, (controlling, value) in self.action.asked_when.items():
            if asked.get(controlling) != value:
                asked.pop(field, None)
        workflow = Workflow(next(self._ids), portal_id, name, asked)
        self._workflows[workflow.workflow_id] = workflow
        return workflow

    def filled_in(self, workflow: Workflow) -> dict[str, str]:
        """What a workflow's author filled in, by label, choices by their words."""
        labels = self.action.labels.en.input_field_labels
        return {labels[name]: self._in_words(workflow, name, value) for name, value in workflow.input_fields.items()}

    def _in_words(self, workflow: Workflow, name: str, value: str) -> str:
        told = self._told.get((workflow.portal_id, name), ())
        choices: dict[str, str] = {option.value: option.label for option in told}
        for field in self.action.input_fields:
            if field.type_definition.name == name:
                choices |= {option.value: option.label for option in field.type_definition.options}
        return choices.get(value, value)

    async def options(self, portal: Portal, query: str) -> dict[str, FetchedOptions | None]:
        """The choices of every field that has some, by field; none where the app did not tell them."""
        found: dict[str, FetchedOptions | None] = {}
        for field in self.action.input_fields:
            definition = field.type_definition
            if definition.options:
                found[definition.name] = _listed(definition.options)
            elif definition.options_url is not None:
                found[definition.name] = await self._fetched(portal, definition.name, definition.options_url, query)
        return found

    async def _fetched(self, portal: Portal, field: str, url: str, query: str) -> FetchedOptions | None:
        asked = {
            "origin": {
                "portalId": portal.portal_id,
                "actionDefinitionId": ACTION_DEFINITION_ID,
                "actionDefinitionVersion": 1,
            },
            "objectTypeId": "0-1",
            "inputFieldName": field,
            "inputFields": {},
            "fetchOptions": {"q": query} if query else {},
        }
        here = url.replace(self._project.profile.variables["PUBLIC_BASE_URL"], self._target, 1)
        answer = await self._caller.post(here, json.dumps(asked).encode(), SIGNATURES, PATIENCE)
        if answer.status != OK:
            return None
        try:
            found = FetchedOptions.model_validate_json(answer.body)
        except ValidationError:
            return None
        self._told[portal.portal_id, field] = found.options
        return found


def outputs_of(execution: Execution) -> dict[str, str]:
    """What an execution ended with, of its completion or else of its latest answer; empty while there is none."""
    completed = execution.block.completed
    found = _answered(execution) if completed is None else completed.output_fields
    return {name: str(value) for name, value in found.items() if name not in CONTROL_FIELDS and value is not None}


def _answered(execution: Execution) -> Mapping[str, object]:
    fields = json_object(execution.attempts[-1].body).get("outputFields") if execution.attempts else None
    return fields if isinstance(fields, dict) else {}


def _listed(options: tuple[Option, ...]) -> FetchedOptions:
    return FetchedOptions(options=tuple(FetchedOption(label=one.label, value=one.value) for one in options))
