"""What is done to one account, in words that the machine, the real run and the toy share."""

from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

OpName = Literal["install", "open_tab", "come_back", "reload", "ask", "disconnect", "uninstall", "hint"]
Project = Literal["a", "b"]
Notice = Literal["told", "told twice", "not told"]
Point = Literal["token asked", "token given", "uninstall asked", "uninstall done"]
"""Where a call to HubSpot is held: before HubSpot hears it, or once HubSpot has acted and before its answer comes."""
Moment: TypeAlias = Point | int
"""When a process is killed: while a call of the operation is held there, or so many milliseconds after it began."""

NOTICES: Final[dict[Notice, int]] = {"told": 1, "told twice": 2, "not told": 0}
REPLICAS: Final = (0, 1)


@dataclass(frozen=True, slots=True)
class Op:
    """One operation.

    Attributes:
        name: what is done. `open_tab` begins an install, `come_back` goes on in that tab, however late; `reload` calls
            its callback again.
        project: for which project an install is begun.
        replica: which process is asked.
        tab: which install is meant; each has a number of its own.
        notices: how many notices follow an uninstall at once.
    """

    name: OpName
    project: Project = "a"
    replica: int = 0
    tab: int = 0
    notices: int = 0


class Play(Protocol):
    """One account that things are done to."""

    def do(self, op: Op) -> None:
        """Begin an operation, and return when it has ended or is held up."""
        ...

    def expire(self) -> None:
        """Let time move past the life of every access token and of every install under way."""
        ...

    def fail(self, fault: str) -> None:
        """Let HubSpot's token routes fail during the next operation."""
        ...

    def hold(self, point: Point) -> None:
        """Hold the next call to HubSpot that comes to a point; others go on."""
        ...

    def let_go(self) -> None:
        """Let what is held go on, and return when all operations have ended."""
        ...

    def kill(self, op: Op, moment: Moment) -> bool:
        """Kill the process in the middle of an operation, and start it again; whether that cut off any work."""
        ...

    def unexplained(self, *, asked: bool) -> str | None:
        """Let everything come to rest; what happened, if no order of moves explains it.

        Args:
            asked: whether an access token is asked for at last, which finds what nobody was told.
        """
        ...
