"""Servers that somebody else runs: their addresses are given, and nothing here starts, stops or harms them."""

from harness.backends import probes
from harness.backends.servers import Backends
from harness.errors import HarnessError, NotSupportedError, StartFailedError
from harness.settings import HarnessSettings


class _ExistingServer:
    """A server whose life is not ours."""

    def stop(self) -> None:
        """Nothing: it was not started here."""

    def kill(self) -> None:
        """Refused."""
        raise _not_ours()

    def pause(self) -> None:
        """Refused."""
        raise _not_ours()

    def resume(self) -> None:
        """Refused."""
        raise _not_ours()

    def restart(self) -> None:
        """Refused."""
        raise _not_ours()


class ExistingBroker(_ExistingServer):
    """A Kafka that runs already."""

    def __init__(self, bootstrap: str) -> None:
        """The broker at `host:port`."""
        self.bootstrap = bootstrap

    def start(self) -> None:
        """Check that it serves.

        Raises:
            StartFailedError: it does not.
        """
        if not probes.broker_serves(self.bootstrap):
            raise StartFailedError(f"No Kafka answers at {self.bootstrap} (HARNESS_KAFKA_BOOTSTRAP).")


class ExistingDatabase(_ExistingServer):
    """A MongoDB that runs already."""

    def __init__(self, url: str) -> None:
        """The database at this address."""
        self.url = url

    def start(self) -> None:
        """Check that it serves.

        Raises:
            StartFailedError: it does not.
        """
        if not probes.database_serves(self.url):
            raise StartFailedError("No database answers at the address in HARNESS_MONGO_URL.")


def backends(settings: HarnessSettings) -> Backends:
    """The two servers at the addresses given.

    Raises:
        HarnessError: an address is missing.
    """
    if settings.kafka_bootstrap is None or settings.mongo_url is None:
        raise HarnessError("HARNESS_BACKEND=existing needs HARNESS_KAFKA_BOOTSTRAP and HARNESS_MONGO_URL.")
    return Backends(kafka=ExistingBroker(settings.kafka_bootstrap), database=ExistingDatabase(settings.mongo_url))


def _not_ours() -> NotSupportedError:
    return NotSupportedError("The harness does not harm servers it did not start; use HARNESS_BACKEND=embedded.")
