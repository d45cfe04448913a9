"""Installing, leaving and everything in between as a state machine: hypothesis interleaves it, and shortens what fails.

Each example is one account. An operation whose call to HubSpot is held stays under way while others come and go, so
that any two may overlap at a named point. When the example is over, the model has to explain it.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Final

from _install_operations import NOTICES, REPLICAS, Moment, Notice, Op, Play, Point, Project
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

STEPS: Final = 14
"""Rules of one example, most of which are operations."""
HELD_AT_ONCE: Final = 3
"""How many calls are held beside each other: each doubles the orders that the model has to try, and adds little."""
LATEST_KILL_MILLISECONDS: Final = 60

projects: st.SearchStrategy[Project] = st.sampled_from(("a", "b"))
replicas = st.sampled_from(REPLICAS)
notices: st.SearchStrategy[Notice] = st.sampled_from(tuple(NOTICES))
token_points: st.SearchStrategy[Point | None] = st.sampled_from((None, "token asked", "token given"))
uninstall_points: st.SearchStrategy[Point | None] = st.sampled_from((None, "uninstall asked", "uninstall done"))
milliseconds = st.integers(0, LATEST_KILL_MILLISECONDS)
_token_points: tuple[Moment, ...] = ("token given", "token asked")
_uninstall_points: tuple[Moment, ...] = ("uninstall done", "uninstall asked")
token_moments = st.sampled_from(_token_points) | milliseconds
uninstall_moments = st.sampled_from(_uninstall_points) | milliseconds
faults = st.sampled_from(("500", "429", "html", "truncated", "dropped", "dropped after the write"))


class UnexplainedError(AssertionError):
    """No order of moves explains what happened to an account; the text says what did."""


class Interleavings(RuleBasedStateMachine):
    """One account, from nothing to an end that the model explains."""

    tabs = Bundle("tabs")
    callbacks = Bundle("callbacks")

    def __init__(self, play: Play) -> None:
        super().__init__()
        self.play = play
        self._tabs = 0
        self._held = 0
        self._failing = False
        self._fresh = False
        self._asked = False

    @initialize(target=callbacks, project=projects, asked=st.booleans())
    def connect(self, project: Project, asked: bool) -> int:
        """The account's first install; whether its last word is a call for an access token is settled here too."""
        self._asked = asked
        return self._install(project, 0)

    @rule(target=callbacks, project=projects, replica=replicas, held=token_points)
    def install(self, project: Project, replica: int, held: Point | None) -> int:
        """Connect, or connect again, from either project."""
        return self._install(project, replica, held)

    @rule(target=tabs, project=projects, replica=replicas)
    def open_tab(self, project: Project, replica: int) -> int:
        """Begin an install, and leave it at HubSpot's consent screen."""
        tab = self._next_tab()
        self._do(Op("open_tab", project, replica, tab))
        return tab

    @rule(target=callbacks, tab=consumes(tabs), replica=replicas, held=token_points)
    def come_back(self, tab: int, replica: int, held: Point | None) -> int:
        """Give consent in a tab, whatever happened since it was opened."""
        self._do(Op("come_back", replica=replica, tab=tab), held)
        return tab

    @rule(tab=callbacks, replica=replicas)
    def reload(self, tab: int, replica: int) -> None:
        """Call a callback once more."""
        self._do(Op("reload", replica=replica, tab=tab))

    @rule(replica=replicas, held=uninstall_points)
    def disconnect(self, replica: int, held: Point | None) -> None:
        """Disconnect on the console; what may be held is telling HubSpot of it."""
        self._do(Op("disconnect", replica=replica), held)

    @rule(notice=notices)
    def uninstall(self, notice: Notice) -> None:
        """Remove the app in HubSpot, whose notice comes once, twice, or not."""
        self._do(Op("uninstall", notices=NOTICES[notice]))

    @rule()
    def hint(self) -> None:
        """A notice of an uninstall comes late, or for no reason."""
        self._do(Op("hint"))

    @rule(replica=replicas, held=token_points)
    def ask(self, replica: int, held: Point | None) -> None:
        """Ask for an access token, as another service does."""
        self._do(Op("ask", replica=replica), held)

    @rule()
    def expire(self) -> None:
        """Half an hour passes; twice on end would change nothing more, and is not waited for."""
        if self._fresh:
            self.play.expire()
        self._fresh = False

    @precondition(lambda self: not self._failing)
    @rule(fault=faults)
    def fail(self, fault: str) -> None:
        """HubSpot's token routes fail during the next operation."""
        self._failing = True
        self.play.fail(fault)

    @precondition(lambda self: self._held)
    @rule()
    def let_go(self) -> None:
        """What is held goes on."""
        self._held = 0
        self.play.let_go()

    def teardown(self) -> None:
        """Let everything come to rest, and have it explained.

        Raises:
            UnexplainedError: no order of moves does.
        """
        if sys.exc_info()[0] is not None:
            return  # a rule did not get through, or somebody stopped the run: that is what has to be told
        wrong = self.play.unexplained(asked=self._asked)
        if wrong is not None:
            raise UnexplainedError(wrong)

    def _install(self, project: Project, replica: int, held: Point | None = None) -> int:
        tab = self._next_tab()
        self._do(Op("install", project, replica, tab), held)
        return tab

    def _next_tab(self) -> int:
        self._tabs += 1
        return self._tabs

    def _do(self, op: Op, held: Point | None = None) -> None:
        """Do something; at a point its call to HubSpot is held, if it makes one, until what is held is let go."""
        if held is not None and self._held < HELD_AT_ONCE:
            self._held += 1
            self.play.hold(held)
        self._failing, self._fresh = False, True
        self.play.do(op)


class KilledInterleavings(Interleavings):
    """The same, with processes killed (-9) in the middle of operations, at least one in each example."""

    def __init__(self, play: Play) -> None:
        super().__init__(play)
        self._killed = False

    @precondition(lambda self: not self._held)
    @rule(project=projects, replica=replicas, moment=token_moments)
    def kill_in_install(self, project: Project, replica: int, moment: Moment) -> None:
        """Kill a process in the middle of an install."""
        self._kill(Op("install", project, replica, self._next_tab()), moment)

    @precondition(lambda self: not self._held)
    @rule(replica=replicas, moment=token_moments)
    def kill_in_refresh(self, replica: int, moment: Moment) -> None:
        """Kill a process in the middle of a refresh, if the account is connected."""
        self.play.expire()
        self._kill(Op("ask", replica=replica), moment)

    @precondition(lambda self: not self._held)
    @rule(replica=replicas, moment=uninstall_moments)
    def kill_in_disconnect(self, replica: int, moment: Moment) -> None:
        """Kill a process in the middle of a disconnect, or of telling HubSpot of it."""
        self._kill(Op("disconnect", replica=replica), moment)

    def teardown(self) -> None:
        """As without kills; where none has cut off any work yet, one does at last."""
        if not self._killed and sys.exc_info()[0] is None:
            self.play.let_go()
            self._kill(Op("install", tab=self._next_tab()), "token given")
        super().teardown()

    def _kill(self, op: Op, moment: Moment) -> None:
        self._failing, self._fresh = False, True
        self._killed |= self.play.kill(op, moment)


def counterexample(
    machine: type[Interleavings], plays: Callable[[], Play], *, examples: int, seeded: int, steps: int = STEPS
) -> Sequence[str]:
    """Run so many examples of a machine; the shortest that went wrong, as hypothesis writes it, or nothing.

    Args:
        machine: which.
        plays: opens an account for each example.
        examples: how many.
        seeded: repeats the same examples.
        steps: the most rules of an example.
    """

    @seed(seeded)
    def opened() -> Interleavings:
        return machine(plays())

    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow,),  # real processes are
        report_multiple_bugs=False,
        print_blob=True,
    )
    try:
        run_state_machine_as_test(opened, settings=limits)  # type: ignore[arg-type] # whatever returns a machine will do
    except (UnexplainedError, FlakyFailure) as error:
        return [str(error), *getattr(error, "__notes__", [])]
    return []
