"""The HubSpot developer project has the shapes of HubSpot's contract (hubspot-contract.md, sections 4.1 and 7).

Full validation needs a HubSpot account (`hs project validate`); what can be known without one is held here.
"""

import json
import re
from itertools import chain
from pathlib import Path

import pytest
from pydantic import JsonValue

from contracts.failures import REGISTRY, Code
from simulators.hubspot import app_definition
from simulators.hubspot.workflows import PROPERTIES

PROJECT = Path(__file__).parents[2] / "deploy" / "hubspot-app"
FOLDERS = {"app": "app", "card": "cards", "webhooks": "webhooks", "workflow-action": "workflow-actions"}
SUPPORTED_PLATFORMS = {"2026.03", "2026.09"}
TOP_LEVEL = {"uid", "type", "config", "dependencies"}
UID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
VARIABLE = re.compile(r"\$\{(.*?)\}")
OUTPUT_REFERENCE = re.compile(r"\{\{ (\w+) \}\}")

TYPES = {
    "bool": {"booleancheckbox"},
    "enumeration": {"select", "radio", "checkbox"},
    "number": {"number"},
    "string": {"text", "textarea", "html"},
}
"""Types that the action uses, of those HubSpot knows, with the fields that fit them."""

NEVER_AN_OUTPUT = {
    Code.INVALID_JSON,
    Code.BAD_SIGNATURE,
    Code.NO_CREDENTIALS,
    Code.TIMESTAMP_SKEW,
    Code.OAUTH_STATE,
    Code.INTERNAL,
    Code.NOT_CONFIGURED,
}
"""Codes of requests that are no execution, and of faults that are answered 5xx."""

Config = dict[str, JsonValue]


def metas() -> dict[Path, Config]:
    """Every file of metadata."""
    return {path: json.loads(path.read_text()) for path in sorted(PROJECT.glob("src/**/*-hsmeta.json"))}


def config(kind: str) -> Config:
    """The configuration of the one feature of a kind."""
    (found,) = (meta["config"] for meta in metas().values() if meta["type"] == kind)
    assert isinstance(found, dict)
    return found


def profiles() -> dict[Path, Config]:
    """The profile of each environment."""
    return {path: json.loads(path.read_text()) for path in PROJECT.glob("src/hsprofile.*.json")}


@pytest.fixture(scope="module")
def action() -> Config:
    """The workflow action."""
    return config("workflow-action")


@pytest.fixture(scope="module")
def labels(action: Config) -> Config:
    """Its English words."""
    return action["labels"]["en"]


def definitions(action: Config, fields: str) -> dict[str, Config]:
    """The type definitions of input or output fields, by name."""
    return {field["typeDefinition"]["name"]: field["typeDefinition"] for field in action[fields]}


def test_the_project_is_on_a_supported_platform() -> None:
    """One line says which platform builds the project, and it is one that HubSpot supports."""
    project = json.loads((PROJECT / "hsproject.json").read_text())

    assert {"name", "srcDir", "platformVersion"} == set(project)
    assert project["platformVersion"] in SUPPORTED_PLATFORMS
    assert (PROJECT / project["srcDir"]).is_dir()


def test_each_feature_lies_directly_in_its_folder() -> None:
    """HubSpot finds metadata only where it expects it, and knows a feature by its unique id for good."""
    found = metas()
    uids = [meta["uid"] for meta in found.values()]

    assert set(FOLDERS) == {meta["type"] for meta in found.values()}
    assert len(uids) == len(set(uids))
    for path, meta in found.items():
        assert FOLDERS[meta["type"]] == path.parent.name
        assert set(meta) <= TOP_LEVEL
        assert UID.fullmatch(meta["uid"])


def test_every_profile_fills_in_every_variable() -> None:
    """An upload to any environment leaves no variable open, and calls nothing but https addresses of ours."""
    used = set(chain.from_iterable(VARIABLE.findall(path.read_text()) for path in metas()))

    assert {"hsprofile.development.json", "hsprofile.production.json"} == {path.name for path in profiles()}
    for profile in profiles().values():
        assert {"accountId", "variables"} == set(profile)
        assert used <= set(profile["variables"])
        assert re.fullmatch(r"https://[a-z.]+", profile["variables"]["PUBLIC_BASE_URL"])


def test_no_file_names_an_environment() -> None:
    """Addresses come from the profile alone."""
    assert [path for path in metas() if re.search(r"https://(?!docs\.)", path.read_text())] == []


def test_the_app_asks_for_what_it_needs() -> None:
    """Four scopes are required and `automation` where the plan has it; the card may fetch from us and nobody else."""
    app = config("app")

    assert "marketplace" == app["distribution"]
    assert "oauth" == app["auth"]["type"]
    assert ["${PUBLIC_BASE_URL}/api/hubspot/oauth/callback"] == app["auth"]["redirectUrls"]
    assert set(app["auth"]["requiredScopes"]) == app_definition.REQUIRED_SCOPES
    assert set(app["auth"]["conditionallyRequiredScopes"]) == app_definition.CONDITIONAL_SCOPES
    assert [] == app["auth"]["optionalScopes"]
    assert {"fetch": ["${PUBLIC_BASE_URL}"], "iframe": [], "img": []} == app["permittedUrls"]
    assert {"supportEmail", "documentationUrl", "supportUrl"} <= set(app["support"])
    assert 0 < len(app["name"]) <= 200
    assert 0 < len(app["description"]) <= 8192


def test_the_card_stands_beside_contacts() -> None:
    """The card is in the sidebar of contacts, and its entry point is where the project says."""
    card = config("card")

    assert "crm.record.sidebar" == card["location"]
    assert ["contacts"] == card["objectTypes"]
    assert (PROJECT / "src" / card["entrypoint"].removeprefix("/")).is_file()


def test_each_event_is_subscribed_once() -> None:
    """An event listed in both forms would come twice."""
    webhooks = config("webhooks")
    subscriptions = webhooks["subscriptions"]
    events = [
        (one["subscriptionType"].replace("contact.", "object."), one.get("propertyName"))
        for kind in ("crmObjects", "legacyCrmObjects", "hubEvents")
        for one in subscriptions[kind]
    ]

    assert "${PUBLIC_BASE_URL}/api/hubspot/webhook" == webhooks["settings"]["targetUrl"]
    assert webhooks["settings"]["maxConcurrentRequests"] > 5
    assert {
        ("object.creation", None),
        ("object.deletion", None),
        ("object.merge", None),
        ("object.restore", None),
        ("object.propertyChange", "phone"),
        ("object.propertyChange", "mobilephone"),
        ("object.privacyDeletion", None),
    } == set(events)
    assert len(events) == len(set(events))
    assert all(one["active"] for one in chain(*subscriptions.values()))


def test_the_action_is_called_where_it_is_served(action: Config, labels: Config) -> None:
    """The action stands under Chert, for contacts, and is shown exactly the five properties."""
    assert "${PUBLIC_BASE_URL}/api/hubspot/send" == action["actionUrl"]
    assert action["isPublished"] is True
    assert [{"client": "WORKFLOWS"}] == action["supportedClients"]
    assert ["CONTACT"] == action["objectTypes"]
    assert list(PROPERTIES) == action["objectRequestOptions"]["properties"]
    assert ("Chert", "Send iMessage via Chert") == (labels["appDisplayName"], labels["actionName"])


def test_every_field_has_a_known_type_and_words(action: Config, labels: Config) -> None:
    """HubSpot knows each field's type, and whoever builds a workflow sees words, never a name."""
    inputs, outputs = definitions(action, "inputFields"), definitions(action, "outputFields")

    for definition in (*inputs.values(), *outputs.values()):
        assert definition["fieldType"] in TYPES[definition["type"]]
    assert set(inputs) == set(labels["inputFieldLabels"]) == set(labels["inputFieldDescriptions"])
    assert set(outputs) == set(labels["outputFieldLabels"])
    assert {"message"} == {one["typeDefinition"]["name"] for one in action["inputFields"] if one["isRequired"]}
    assert "{{message}}" in labels["actionCardContent"]


def test_choices_are_listed_or_fetched(action: Config, labels: Config) -> None:
    """An enumeration has either options with words or an address of ours to fetch them from."""
    choices = {name: one for name, one in definitions(action, "inputFields").items() if one["type"] == "enumeration"}
    fetched = {name: one["optionsUrl"] for name, one in choices.items() if "optionsUrl" in one}
    listed = {
        name: {option["value"]: option["label"] for option in one["options"]}
        for name, one in choices.items()
        if name not in fetched
    }

    assert {"phone_line_id": "${PUBLIC_BASE_URL}/api/hubspot/options/phone-lines"} == fetched
    assert labels["inputFieldOptionLabels"] == listed


def test_days_are_asked_for_only_where_something_waits(action: Config) -> None:
    """A dependency names fields that exist, and a value that its controlling field can have."""
    inputs = definitions(action, "inputFields")

    for dependency in action["inputFieldDependencies"]:
        controlling = inputs[dependency["controllingFieldName"]]
        assert "CONDITIONAL_SINGLE_FIELD" == dependency["dependencyType"]
        assert dependency["controllingFieldValue"] in {option["value"] for option in controlling["options"]}
        assert set(dependency["dependentFieldNames"]) <= set(inputs)


def test_every_rule_can_match_and_has_words(action: Config, labels: Config) -> None:
    """A rule asks for outputs that exist, and its words name only outputs that exist."""
    outputs = set(definitions(action, "outputFields"))

    assert {rule["labelName"] for rule in action["executionRules"]} == set(labels["executionRules"])
    for rule in action["executionRules"]:
        assert set(rule["conditions"]) <= outputs
    for words in labels["executionRules"].values():
        assert set(OUTPUT_REFERENCE.findall(words)) <= outputs


def test_every_refusal_has_words(action: Config) -> None:
    """Every code that a workflow can be refused with has a rule of its own, and whatever else comes has one too."""
    codes = chain.from_iterable(rule["conditions"].get("code", []) for rule in action["executionRules"])

    assert {str(int(code)) for code in set(REGISTRY) - NEVER_AN_OUTPUT} <= set(codes)
    assert {"ok": ["false"]} == action["executionRules"][-1]["conditions"]


def test_narrow_rules_stand_first(action: Config) -> None:
    """The first rule that matches wins, so one that asks for more stands before one that asks for part of it."""
    conditions = [rule["conditions"] for rule in action["executionRules"]]

    for index, earlier in enumerate(conditions):
        for later in conditions[index + 1 :]:
            covered = all(set(later.get(name, [])) <= set(values) and name in later for name, values in earlier.items())
            assert not covered, f"{later} comes after {earlier} and never matches"
