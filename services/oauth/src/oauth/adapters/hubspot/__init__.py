"""HubSpot, by the client library: its errors become ours."""

from oauth.adapters.hubspot.accounts import HubSpotAccounts
from oauth.adapters.hubspot.journal import HubSpotJournal
from oauth.adapters.hubspot.oauth import HubSpotOAuth

__all__ = ["HubSpotAccounts", "HubSpotJournal", "HubSpotOAuth"]
