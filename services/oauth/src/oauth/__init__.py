"""Installs: owns HubSpot tokens, which account belongs to which project, and what the console shows of both."""
