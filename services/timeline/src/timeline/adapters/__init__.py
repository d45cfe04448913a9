"""MongoDB, HubSpot, `oauth`, and the same in memory."""
