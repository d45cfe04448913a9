"""Runs the simulated Chert: `python -m simulators.chert`."""

from simulators.chert.app import create_app
from simulators.chert.settings import ChertSimulatorSettings
from simulators.clock import FileClock
from simulators.server import serve


def main() -> None:
    """Serve until stopped."""
    settings = ChertSimulatorSettings()
    serve(create_app(settings, clock=FileClock(settings.clock_file)), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
