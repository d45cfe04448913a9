"""What the harness tells people when it cannot go on: one clear sentence each, with the remedy."""


class HarnessError(Exception):
    """Something a person can put right; the text says what happened and what to do."""


class PrerequisiteMissingError(HarnessError):
    """A program that the embedded backends need is not installed."""


class PortTakenError(HarnessError):
    """Another program listens on a port that was asked for by number."""


class StartFailedError(HarnessError):
    """A process ended, or did not become ready in time; the text carries the end of its log."""


class NotSupportedError(HarnessError):
    """The chosen backend cannot do this, such as killing a server that somebody else runs."""


class AlreadyRunningError(HarnessError):
    """A system that people run is running already in this checkout."""
