"""The app's developer project, as HubSpot would have received it: the real action and the real card, no copies of them.

Only what the pages need is read (contract 4.1 and 7).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

PROFILE = "production"
"""The profile of the upload: card and action name production's address, which this HubSpot leads to its target."""

CARD_SCRIPTS = ("card/card.js", "host/worker.js", "host/page.js")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class Option(_Part):
    """A choice that the file lists."""

    value: str
    label: str


class TypeDefinition(_Part):
    """What a field holds."""

    name: str
    type: str
    field_type: str
    options: tuple[Option, ...] = ()
    options_url: str | None = None


class InputField(_Part):
    """What a workflow's author fills in."""

    type_definition: TypeDefinition
    is_required: bool = False


class Dependency(_Part):
    """Fields that are asked for only when another has a value."""

    controlling_field_name: str
    controlling_field_value: str
    dependent_field_names: tuple[str, ...]


class ExecutionRule(_Part):
    """Words of a workflow's history for certain outputs; the first that matches wins."""

    label_name: str
    conditions: dict[str, tuple[str, ...]]


class Words(_Part):
    """The English labels."""

    action_name: str
    action_description: str
    app_display_name: str
    input_field_labels: dict[str, str]
    input_field_descriptions: dict[str, str]
    output_field_labels: dict[str, str]
    execution_rules: dict[str, str]


class Labels(_Part):
    """The labels by language."""

    en: Words


class Action(_Part):
    """The workflow action."""

    input_fields: tuple[InputField, ...]
    input_field_dependencies: tuple[Dependency, ...] = ()
    execution_rules: tuple[ExecutionRule, ...] = ()
    labels: Labels

    @property
    def asked_when(self) -> dict[str, tuple[str, str]]:
        """Fields that are asked for only when another has a value: which other, and the value."""
        return {
            field: (one.controlling_field_name, one.controlling_field_value)
            for one in self.input_field_dependencies
            for field in one.dependent_field_names
        }

    def words_for(self, outputs: dict[str, str]) -> str:
        """What a workflow's history says of these outputs."""
        for rule in self.execution_rules:
            if all(outputs.get(name) in values for name, values in rule.conditions.items()):
                return _interpolated(self.labels.en.execution_rules[rule.label_name], outputs)
        return ""


class PermittedUrls(_Part):
    """Where a card may fetch from."""

    fetch: tuple[str, ...]


class AppConfig(_Part):
    """The app."""

    permitted_urls: PermittedUrls


class Card(_Part):
    """The card."""

    name: str


class Profile(_Part):
    """What the upload filled in."""

    variables: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """An uploaded project; its scripts are there only where Node could build them."""

    profile: Profile
    app: AppConfig
    card: Card
    action: Action
    scripts: Path

    @property
    def has_card(self) -> bool:
        """Whether the card was built."""
        return all((self.scripts / script).is_file() for script in CARD_SCRIPTS)


def read_project(folder: Path) -> Project:
    """The project in a folder, with the profile's variables filled in.

    Raises:
        OSError: it lacks a file.
        ValueError: a file is not as HubSpot wants it.
    """
    source = folder / "src"
    profile = Profile.model_validate_json((source / f"hsprofile.{PROFILE}.json").read_text())
    return Project(
        profile,
        _config(AppConfig, source / "app", profile),
        _config(Card, source / "app" / "cards", profile),
        _config(Action, source / "app" / "workflow-actions", profile),
        folder / "built",
    )


C = TypeVar("C", bound=BaseModel)


def _config(model: type[C], folder: Path, profile: Profile) -> C:
    """The configuration of the one feature in a folder."""
    (path,) = folder.glob("*-hsmeta.json")
    text = path.read_text()
    for name, value in profile.variables.items():
        text = text.replace(f"${{{name}}}", json.dumps(value)[1:-1])
    return model.model_validate(json.loads(text)["config"])


def _interpolated(words: str, outputs: dict[str, str]) -> str:
    for name, value in outputs.items():
        words = words.replace(f"{{{{ {name} }}}}", value)
    return words
