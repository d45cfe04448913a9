"""The parts of the simulated HubSpot, joined, and handed to the routes."""

from collections.abc import Callable
from typing import Annotated

import httpx2
from fastapi import Depends, Request

from simulators.background import BackgroundTasks
from simulators.clock import Clock
from simulators.faults import FaultPlan
from simulators.hubspot.app_definition import app_from
from simulators.hubspot.card_proxy import CardProxy
from simulators.hubspot.deliveries import Delivery, DeliverySender
from simulators.hubspot.file_links import FileLinks
from simulators.hubspot.grants import Grants
from simulators.hubspot.journal import Journal
from simulators.hubspot.limits import Limiter
from simulators.hubspot.models import Portal, Switches
from simulators.hubspot.outbound import SignedCaller
from simulators.hubspot.project import read_project
from simulators.hubspot.settings import HubSpotSimulatorSettings
from simulators.hubspot.state import World
from simulators.hubspot.webhooks import Webhooks
from simulators.hubspot.workflow_builder import WorkflowBuilder
from simulators.hubspot.workflows import WorkflowEngine
from simulators.recording import Recorder


class Simulator:
    """One HubSpot with one app."""

    def __init__(
        self,
        settings: HubSpotSimulatorSettings,
        *,
        clock: Clock,
        client: httpx2.AsyncClient,
        chance: Callable[[], float],
    ) -> None:
        self._settings = settings
        self.clock = clock
        self.chance = chance
        self.app = app_from(settings)
        self.recorder = Recorder()
        self.faults = FaultPlan()
        self.background = BackgroundTasks()
        self.world = World(clock, self._switches())
        self.journal = Journal(self.app.app_id, clock)
        self.file_links = FileLinks(clock)
        self.grants = Grants(clock, self.world, self.journal)
        self.limiter = Limiter()
        caller = SignedCaller(
            client,
            clock,
            secret=self.app.client_secret,
            target_base_url=settings.target_base_url,
            public_base_url=settings.public_base_url or settings.target_base_url,
        )
        self.project = None if settings.project is None else read_project(settings.project)
        self.card_proxy = (
            None if self.project is None else CardProxy(self.project, self.app, caller, settings.target_base_url)
        )
        self.builder = None if self.project is None else WorkflowBuilder(self.project, caller, settings.target_base_url)
        self.deliveries = DeliverySender(caller, clock, self.background, chance)
        self.webhooks = Webhooks(self.app, settings.target_base_url, self.deliveries, clock)
        self.workflows = WorkflowEngine(self.app, settings.target_base_url, caller, clock, self.background)

    def uninstall(self, portal: Portal, *, push: bool | None = None) -> Delivery | None:
        """Remove the app from an account; the journal has it, and it is pushed as asked or else as switched."""
        self.grants.uninstall(portal)
        wanted = self.world.switches.push_uninstall if push is None else push
        return self.webhooks.uninstalled(portal) if wanted else None

    async def reset(self) -> None:
        """Back to an empty HubSpot, with every switch as the settings have it; ids go on."""
        await self.background.cancel()
        self.world.clear()
        self.world.switches = self._switches()
        for part in (
            self.grants,
            self.journal,
            self.limiter,
            self.deliveries,
            self.workflows,
            self.recorder,
            self.faults,
        ):
            part.clear()
        if self.builder is not None:
            self.builder.clear()

    def _switches(self) -> Switches:
        return Switches(push_uninstall=self._settings.push_uninstall)


async def _simulator_of(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


SimulatorDep = Annotated[Simulator, Depends(_simulator_of)]
