"""What others tell of a project and an account."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """A line of a Chert project; the number is masked."""

    id: str
    phone_number: str
    active: bool


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """A HubSpot account as its people know it; `ui_domain` is the host of its pages."""

    portal_id: int
    name: str | None
    ui_domain: str | None
    account_type: str | None
