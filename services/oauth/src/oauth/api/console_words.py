"""Words of the console's page: its checklist, settings, activity and history, and what each thing means."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Edition:
    """What works in an edition of HubSpot (chert-contract.md, section 1)."""

    name: str
    card: bool
    workflow: bool
    creation: bool


EDITIONS: Final = (
    Edition("Free CRM", card=True, workflow=False, creation=False),
    Edition("Starter", card=True, workflow=False, creation=True),
    Edition("Professional", card=True, workflow=True, creation=True),
    Edition("Enterprise", card=True, workflow=True, creation=True),
)


@dataclass(frozen=True, slots=True)
class FieldWords:
    """A setting, as the form and the history name it."""

    label: str
    help: str


FIELDS: Final[dict[str, FieldWords]] = {
    "label": FieldWords("Label", "How this account is called here. Empty: HubSpot's account id."),
    "phone_line_id": FieldWords(
        "Phone line", "Which line sends. With “Pool default” Chert chooses among the project's healthy lines each time."
    ),
    "default_region": FieldWords(
        "Default region", "Two letters, such as US, GB or DE: the country of numbers that are written without one."
    ),
    "auto_create_leads": FieldWords(
        "Create leads when a workflow sends",
        "For a phone that Chert does not know yet, a lead is created, then the message is sent. "
        "Off: the workflow action does nothing for such contacts.",
    ),
    "auto_send_on_create": FieldWords(
        "Send a message to every new contact", "As soon as a contact is created, it gets the template below."
    ),
    "auto_send_imported": FieldWords(
        "Also to imported contacts", "An import can create thousands of contacts at once: each would get a message."
    ),
    "auto_send_template": FieldWords(
        "Template for new contacts",
        "Empty: the project's own template. Tags: {{ contact.firstname }}, {{ contact.lastname }}, "
        "{{ contact.company }}.",
    ),
    "log_sent_messages": FieldWords(
        "Write sent messages on the timeline too", "Replies are always written; this adds what was sent."
    ),
    "retention_days": FieldWords(
        "Keep message content for", "Days, from 1 to 3650. Afterwards texts are removed here; HubSpot keeps its own."
    ),
}
"""By name, in the form's order."""

SWITCHES: Final = frozenset({"auto_create_leads", "auto_send_on_create", "auto_send_imported", "log_sent_messages"})

NOTICES: Final = {
    "saved": "The settings are saved.",
    "disconnected": "The account is disconnected. Nothing more is sent, and the app is being removed from HubSpot.",
    "not_connected": "The account is not connected, so nothing was changed.",
}
"""What a form ended with, by name."""

CHERT_AWAY: Final = (
    "Chert cannot be asked right now whether that phone line can send. Please try again in a moment; "
    "what you typed is below."
)
