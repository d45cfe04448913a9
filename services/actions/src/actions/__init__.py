"""Sends: every outgoing iMessage, claimed once, sent once, answered the same each time."""
