"""Chert as a real server: console login, Messaging API, signed webhooks, and the truth about what was sent.

Written from Chert's public contract alone. What Chert does not publish was decided here, and is said where it was
decided: the shapes in `unpublished`, the answers of a reached limit in `capacity`, `/send`'s failures in `errors`.
"""
