"""A HubSpot and a Chert as real servers, with faults and a ledger of the truth."""
