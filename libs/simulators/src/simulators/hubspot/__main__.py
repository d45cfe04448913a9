"""Starts the simulated HubSpot: `python -m simulators.hubspot`."""

from simulators.clock import FileClock
from simulators.hubspot.app import create_app
from simulators.hubspot.settings import HubSpotSimulatorSettings
from simulators.server import serve


def main() -> None:
    """Read the environment and serve until a signal ends it."""
    settings = HubSpotSimulatorSettings()
    serve(create_app(settings, clock=FileClock(settings.clock_file)), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
