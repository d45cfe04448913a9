"""`/api/hubspot/widget/*`: the sidebar card.

Identity is the signed query alone (hubspot-contract.md, section 7.2). HubSpot masks every status but 200, so a refusal
that a rep should read is HTTP 200 with the failure body; 401 is for what HubSpot did not sign, 400 for what no card of
ours sends, 503 for faults of our own, which HubSpot tries again once.
"""

from actions.api.card.routes import CardUseCases, router

__all__ = ["CardUseCases", "router"]
