"""What the simulators hold at the start: a project, a HubSpot account, a contact with a phone."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import httpx2

from harness.errors import StartFailedError
from harness.run_file import SeededContact, SeededPortal

FIRST_TENANT = "acme"
CONTACT_PHONE = "+14155550132"

_PEOPLE: Final[Sequence[Mapping[str, str]]] = (
    {"firstname": "Katherine", "lastname": "Johnson", "company": "Langley", "mobilephone": "+14155550164"},
    {"firstname": "Alan", "lastname": "Turing", "company": "Bletchley"},
    {"firstname": "Annie", "lastname": "Easley", "company": "Lewis", "phone": "ext. 42"},
)

_CALL_SECONDS = 10.0
# HubSpot's account ids have seven to nine digits; each run has its own, so that runs on shared servers do not meet.
_PORTAL_IDS = range(10_000_000, 100_000_000)


def console_user(tenant_slug: str) -> str:
    """Who may see a seeded project on the console, and nobody else."""
    return f"ada@{tenant_slug}.test"


def seed(hubspot_url: str, chert_url: str, tenant_slug: str) -> SeededPortal:
    """Make a project with its user, an account and a contact through the simulators' control API.

    Raises:
        StartFailedError: a simulator refused, for instance because the project exists.
    """
    project_id, name = f"project-{tenant_slug}", tenant_slug.capitalize()
    with httpx2.Client(timeout=_CALL_SECONDS, trust_env=False) as client:
        tenant = {"slug": tenant_slug, "project_id": project_id, "name": name, "user": console_user(tenant_slug)}
        _post(client, f"{chert_url}/control/tenants", tenant)
        portal_id = secrets.choice(_PORTAL_IDS)
        _post(client, f"{hubspot_url}/control/portals", {"portal_id": portal_id, "name": f"{name} Inc."})
        contact = _add_contact(client, f"{hubspot_url}/control/portals/{portal_id}/contacts", f"{name} Inc.")
    return SeededPortal(portal_id=portal_id, project_id=project_id, contacts=[contact])


def add_people(hubspot_url: str, portal_id: int) -> None:
    """More contacts to try things on: by mobile phone alone, without a number, with one that cannot be used.

    Raises:
        StartFailedError: the simulator refused.
    """
    with httpx2.Client(timeout=_CALL_SECONDS, trust_env=False) as client:
        for properties in _PEOPLE:
            _post(client, f"{hubspot_url}/control/portals/{portal_id}/contacts", {"properties": properties})


def _add_contact(client: httpx2.Client, url: str, company: str) -> SeededContact:
    properties = {"firstname": "Grace", "lastname": "Hopper", "company": company, "phone": CONTACT_PHONE}
    return SeededContact(id=str(_post(client, url, {"properties": properties})["id"]), phone=CONTACT_PHONE)


def _post(client: httpx2.Client, url: str, body: Mapping[str, object]) -> dict[str, object]:
    answer = client.post(url, json=body)
    if answer.status_code != httpx2.codes.CREATED:
        raise StartFailedError(f"{url} answered {answer.status_code}: {answer.text[:500]}")
    content: dict[str, object] = answer.json()
    return content
