"""The whole system on this machine: Kafka, the database, both simulators, the gateway and the four services."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from harness import backends, catalogue, deployed, ports, seeding
from harness.addresses import SERVICES, SIMULATORS, Addresses, Environments, RunFiles
from harness.backends import Backends, Broker, Database
from harness.credentials import CHERTCTL, Credentials, write_private
from harness.errors import PortTakenError
from harness.processes import Command, Process, Supervisor
from harness.progress import doing
from harness.readiness import answers_ok
from harness.run_file import ChertProject, HubSpotApp, RunFile
from harness.settings import HarnessSettings

START_SECONDS = 60.0

_CLOCK_SECONDS = 0.1

_MODULES = {
    "gateway": "harness.gateway",
    "hubspot": "simulators.hubspot",
    "chert": "simulators.chert",
}


class System:
    """One running system with a folder of its own; several can run side by side."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: HarnessSettings,
        console: Console,
        supervisor: Supervisor,
        gateway_port: int,
        services: Sequence[str] = SERVICES,
    ) -> None:
        """A system that keeps data, secrets and logs below this folder; nothing is started yet.

        A measurement may need only some of the services; the gateway answers 502 for the others.

        Raises:
            PortTakenError: something else listens on the gateway's port.
            HarnessError: the chosen Kafka and database cannot be had.
        """
        if not ports.is_free(gateway_port):
            raise PortTakenError(
                f"Port {gateway_port} is taken by another program: stop that, "
                f"or choose another port for the gateway with HARNESS_GATEWAY_PORT."
            )
        self._console = console
        self._supervisor = supervisor
        self._backends: Backends = backends.choose(settings, supervisor, folder, console)
        self._processes: dict[str, Process] = {}
        self._copies: dict[str, tuple[str, int]] = {}
        self._settings: dict[str, dict[str, str]] = {}
        self._services = tuple(services)
        self.files = RunFiles(folder)
        self.credentials = Credentials.generate()
        self.addresses = Addresses.choose(
            gateway_port=gateway_port, kafka_bootstrap=self.kafka.bootstrap, mongo_url=self.database.url
        )

    def __enter__(self) -> Self:
        """Itself, running."""
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.down()

    @property
    def kafka(self) -> Broker:
        """The broker, which can be killed and frozen."""
        return self._backends.kafka

    @property
    def database(self) -> Database:
        """The database, which can be killed and frozen."""
        return self._backends.database

    @property
    def processes(self) -> dict[str, Process]:
        """Every process that runs, by name; with the embedded backends Kafka and the database too."""
        return {process.command.name: process for process in self._supervisor.processes}

    @property
    def services(self) -> tuple[str, ...]:
        """The services that this system has."""
        return self._services

    def up(self) -> None:
        """Start everything in order, until all of it is ready.

        Raises:
            StartFailedError: something did not come up; the text carries the end of its log.
        """
        self._write_files()
        with doing(self._console, "Starting the database"):
            self.database.start()
        with doing(self._console, "Starting Kafka"):
            self.kafka.start()
        with doing(self._console, "Making the topics"):
            catalogue.make_topics(self.addresses.kafka_bootstrap)
        with doing(self._console, "Starting the simulators, the services and the gateway"):
            self._start_all()

    def down(self) -> None:
        """Stop everything, the last started first; what stands on the same end together."""
        for names in (("gateway", *self._copies, *self._services), SIMULATORS):
            for name in names:
                if name in self._processes:
                    self._processes[name].ask_to_end()
            for name in names:
                self.stop(name)
        self.kafka.stop()
        self.database.stop()

    def start(self, name: str) -> None:
        """Start a service, a simulator or the gateway again, and wait until it is ready."""
        self._launch(name)
        self.wait_ready(name)

    def start_listening(self, service: str) -> None:
        """Start a service again, and wait only until it answers; what it depends on may not be connected yet.

        Raises:
            StartFailedError: it ended, or did not answer in time.
        """
        self._launch(service)
        url = f"{self.url(service)}/livez"
        self._processes[service].wait_ready(lambda: answers_ok(url), seconds=START_SECONDS)

    def set_environment(self, name: str, **settings: str) -> None:
        """Give a process these settings beside its own from its next start on; none takes earlier ones back."""
        self._settings[name] = settings

    def start_copy(self, service: str, **settings: str) -> str:
        """Start one more process of a service, with the same files; the name by which it is stopped, killed, asked.

        It has these settings beside its own, now and at each further start.
        """
        name = f"{service}-{len(self._copies) + 2}"
        self._copies[name] = (service, ports.free_port())
        self._settings[name] = settings
        self.start(name)
        return name

    def share_load(self) -> None:
        """Let the gateway go to every process of each service in turn, as a load balancer does."""
        groups = {name: [self.url(name)] for name in self._services}
        for copy, (service, _) in self._copies.items():
            groups[service].append(self.url(copy))
        self.set_environment("gateway", **{f"GATEWAY_{name.upper()}_URL": ",".join(groups[name]) for name in groups})
        self.restart("gateway")

    def start_beside(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start what is no part of the system, such as a baseline, in our environment if none is given."""
        told = os.environ if environment is None else environment
        command = Command(name=name, arguments=tuple(arguments), log=self.files.log(name), environment=dict(told))
        process = self._supervisor.start(command)
        process.wait_ready(ready, seconds=START_SECONDS)
        return process

    def url(self, name: str) -> str:
        """Where a service, a copy of one, or a simulator is reached directly."""
        if name in self._copies:
            return f"http://localhost:{self._copies[name][1]}"
        return self.addresses.url(name)

    def stop(self, name: str) -> None:
        """Stop it gracefully (SIGTERM)."""
        if name in self._processes:
            self._processes[name].stop()

    def kill(self, name: str) -> None:
        """End it at once (SIGKILL)."""
        self._processes[name].kill()

    def pause(self, name: str) -> None:
        """Freeze it (SIGSTOP)."""
        self._processes[name].pause()

    def resume(self, name: str) -> None:
        """Let it go on (SIGCONT)."""
        self._processes[name].resume()

    def restart(self, name: str) -> None:
        """Stop it gracefully and start it again."""
        self.stop(name)
        self.start(name)

    def wait_ready(self, name: str) -> None:
        """Wait until it says that it is ready.

        Raises:
            StartFailedError: it ended, or was not ready in time.
        """
        if name == "gateway":
            self._processes[name].wait_ready(lambda: ports.answers(self.addresses.gateway_port), seconds=START_SECONDS)
            return
        path = "/control/health" if name in SIMULATORS else "/readyz"
        url = f"{self.url(name)}{path}"
        self._processes[name].wait_ready(lambda: answers_ok(url), seconds=START_SECONDS)

    def set_clock(self, *, offset_seconds: float = 0.0, speed: float = 1.0) -> None:
        """Move the clock of services and simulators; timeouts stay real."""
        content = {"offset_seconds": offset_seconds, "speed": speed, "since": time.time()}
        write_private(self.files.clock, content)

    def now(self) -> float:
        """What the clock of services and simulators shows, in Unix seconds."""
        bend = json.loads(self.files.clock.read_text())
        return float(bend["since"] + (time.time() - bend["since"]) * bend["speed"] + bend["offset_seconds"])

    async def move_clock(self, *, offset_seconds: float = 0.0, speed: float = 1.0) -> None:
        """Move the clock, and return when every process goes by it: none looks less often than this."""
        self.set_clock(offset_seconds=offset_seconds, speed=speed)
        await asyncio.sleep(_CLOCK_SECONDS)

    def seed(self, tenant_slug: str) -> RunFile:
        """Make one more project with a HubSpot account and a contact; the run as somebody there sees it."""
        portal = seeding.seed(self.addresses.url("hubspot"), self.addresses.url("chert"), tenant_slug)
        return RunFile(
            gateway_url=self.addresses.gateway_url,
            services={service: self.addresses.url(service) for service in self._services},
            hubspot_url=self.addresses.url("hubspot"),
            chert_url=self.addresses.url("chert"),
            kafka_bootstrap=self.addresses.kafka_bootstrap,
            mongo_url=self.addresses.mongo_url,
            hubspot_app=HubSpotApp(
                app_id=self.credentials.hubspot_app_id,
                client_id=self.credentials.hubspot_client_id,
                client_secret=self.credentials.hubspot_client_secret,
            ),
            public_base_url=self.addresses.gateway_url,
            chert=ChertProject(tenant_slug=tenant_slug, webhook_secret=self.credentials.chert_webhook_secret),
            portals=[portal],
            pids={name: process.pid for name, process in self.processes.items()},
        )

    def _write_files(self) -> None:
        self.set_clock()
        write_private(self.files.key_ring, self.credentials.key_ring())
        for service in (*SERVICES, CHERTCTL):
            write_private(self.files.secrets(service), self.credentials.secrets_of(service))

    def _start_all(self) -> None:
        names = (*SIMULATORS, *self._services, "gateway")
        for name in names:
            self._launch(name)
        for name in names:
            self.wait_ready(name)

    def _launch(self, name: str) -> None:
        program, port = self._copies.get(name, (name, None))
        environment = Environments(self.addresses, self.credentials, self.files).of(program)
        if port is not None:
            environment[f"{program.upper()}_PORT"] = str(port)
        environment.update(self._settings.get(name, {}))
        arguments = deployed.command(program) if program in SERVICES else (sys.executable, "-m", _MODULES[program])
        command = Command(name=name, arguments=arguments, log=self.files.log(name), environment=environment)
        self._processes[name] = self._supervisor.start(command)
