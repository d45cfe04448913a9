"""The one app that this HubSpot knows, as its developer project would declare it (contract 7)."""

from simulators.hubspot.models import App, Subscription
from simulators.hubspot.settings import HubSpotSimulatorSettings

APP_NAME = "Chert Messaging for HubSpot"
REQUIRED_SCOPES = frozenset(
    {"oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"}
)
# Left out of a grant where the account's plan cannot give it.
CONDITIONAL_SCOPES = frozenset({"automation"})
# What a client_credentials token may be asked for (contract 3.3).
APP_TOKEN_SCOPES = frozenset(
    {
        "developer.webhooks_journal.read",
        "developer.webhooks_journal.subscriptions.read",
        "developer.webhooks_journal.subscriptions.write",
    }
)
# What the authorize screen says each scope is for.
SCOPE_MEANINGS = {
    "oauth": "Connect to your account",
    "crm.objects.contacts.read": "Read contacts",
    "crm.objects.contacts.write": "Write to contacts and their timeline",
    "crm.schemas.contacts.read": "Read how contacts are set up",
    "automation": "Add an action to your workflows",
}
# The newer form, `object.*` with an object type; each event once (contract 7.3).
SUBSCRIPTIONS = (
    Subscription(12_345, "object.creation"),
    Subscription(12_346, "object.propertyChange", "phone"),
    Subscription(12_347, "object.propertyChange", "mobilephone"),
)


INSTALL_PATH = "/api/hubspot/oauth/install"


def app_from(settings: HubSpotSimulatorSettings) -> App:
    """The app with the credentials and addresses of the settings."""
    return App(
        app_id=settings.app_id,
        client_id=settings.client_id,
        client_secret=settings.client_secret.get_secret_value(),
        name=APP_NAME,
        redirect_uris=settings.redirect_uris,
        install_url=settings.install_url or (settings.public_base_url or settings.target_base_url) + INSTALL_PATH,
        required_scopes=REQUIRED_SCOPES,
        conditional_scopes=CONDITIONAL_SCOPES,
        subscriptions=SUBSCRIPTIONS,
    )
