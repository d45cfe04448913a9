"""The outside, behind the ports: HubSpot, MongoDB, the console's key set, ciphers; and in-memory versions of them."""
