"""Replay jobs: what is to be worked through, how far that is, in a file that outlives the command."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chertctl.outcomes import OperatorError, WrongCallError
from chertctl.reading import Lying
from chertctl.settings import ServiceName
from contracts.topics import owner_of


class Selection(BaseModel):
    """Which records of a range are meant; every filter that is set must hold.

    Attributes:
        tenant: account or Chert tenant, the beginning of the key.
        ids: event ids, message ids as the last part of an event id, or places.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str | None = None
    ids: frozenset[str] | None = None

    def __call__(self, record: Lying) -> bool:
        """Whether a record is meant."""
        if self.tenant is not None and owner_of(record.key) != self.tenant:
            return False
        if self.ids is None:
            return True
        event_id = record.header("ce_id")
        return not self.ids.isdisjoint({event_id, event_id.rpartition(":")[2], str(record.place)})


class Job(BaseModel):
    """One replay.

    Attributes:
        id: also of its audit.
        group: the consumer group, which is also the service's name.
        topic: where the records lie; for an event log `event-log`.
        selection: which of them.
        ranges: by partition, the next offset and the one after the last.
        sends: whether work that sends may be done.
        reason: why.
        rate: the most records a second; none without a cap.
        result: counts so far by outcome.
        done: whether nothing is left.
        cancelled: whether it was given up.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    group: ServiceName
    topic: str
    selection: Selection = Selection()
    ranges: dict[int, tuple[int, int]] = Field(default_factory=dict)
    sends: bool = False
    reason: str | None = None
    rate: float | None = Field(default=None, gt=0)
    result: dict[str, int] = Field(default_factory=dict)
    done: bool = False
    cancelled: bool = False

    @property
    def left(self) -> int:
        """Records that were not looked at yet."""
        return sum(end - begin for begin, end in self.ranges.values())

    def count(self, outcome: str, number: int) -> None:
        """So many more ended like that."""
        if number:
            self.result[outcome] = self.result.get(outcome, 0) + number


class LogJob(BaseModel):
    """One replay from Chert's event log.

    Attributes:
        id: also of its audit.
        chert_tenant: whose log.
        since: from when on.
        cursor: where the next page begins; none before the first.
        reason: why.
        result: counts so far by outcome.
        done: whether nothing is left.
        cancelled: whether it was given up.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    chert_tenant: str
    since: datetime
    cursor: str | None = None
    reason: str | None = None
    result: dict[str, int] = Field(default_factory=dict)
    done: bool = False
    cancelled: bool = False


class JobFile:
    """Where a job is kept while it goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, job_id: str) -> Self:
        """The file of a job, in the operator's own state folder (XDG Base Directory)."""
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return cls(folder / "chertctl" / "replays" / f"{job_id}.json")

    @classmethod
    def named(cls, job: str) -> Self:
        """The file of a job that a person named by its id or by the file's path."""
        return cls(Path(job)) if "/" in job or job.endswith(".json") else cls.of(job)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else work on the job.

        Raises:
            OperatorError: somebody does, or the folder cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._lock.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield
        except BlockingIOError:
            raise OperatorError("Another process is at work on that replay.") from None

    def is_held(self) -> bool:
        """Whether a process works on the job."""
        try:
            with self.held():
                return False
        except OperatorError:
            return True

    def begin(self, job: BaseModel) -> None:
        """Keep a job that is worked on from now on.

        Raises:
            OperatorError: it cannot be written.
        """
        self._stop.unlink(missing_ok=True)
        self.write(job)

    def ask_to_stop(self) -> None:
        """Have the process stop that works on the job."""
        self._stop.touch(mode=0o600)

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether the process that works on the job is to stop."""
        return self._stop.exists()

    @property
    def _lock(self) -> Path:
        return self.path.with_suffix(".lock")

    @property
    def _stop(self) -> Path:
        return self.path.with_suffix(".stop")

    def write(self, job: BaseModel) -> None:
        """Replace the file in one step: whoever is killed finds one state or the next, never half of one.

        Raises:
            OperatorError: it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self.path.with_suffix(".new")
            draft.write_text(job.model_dump_json(indent=1))
            draft.replace(self.path)
        except OSError as error:
            raise OperatorError(f"{self.path} cannot be written: {error.strerror}.") from None

    def read(self) -> Job | LogJob:
        """The job.

        Raises:
            WrongCallError: there is none, or the file is none.
        """
        try:
            text = self.path.read_text()
            return (Job if '"ranges"' in text else LogJob).model_validate_json(text)
        except FileNotFoundError:
            raise WrongCallError(f"There is no replay job at {self.path}.") from None
        except (OSError, UnicodeDecodeError, ValidationError):
            raise WrongCallError(f"{self.path} is not a replay job.") from None

    def read_open(self) -> Job | LogJob:
        """The job, of which something is left.

        Raises:
            WrongCallError: there is none, or it is over.
        """
        found = self.read()
        if found.done:
            raise WrongCallError("That replay is done; there is nothing left of it.")
        if found.cancelled:
            raise WrongCallError("That replay was given up; begin another.")
        return found


def ids_of(path: Path) -> frozenset[str]:
    """The ids in a file, one a line.

    Raises:
        WrongCallError: it cannot be read, or holds none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise WrongCallError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise WrongCallError(f"{path} is not UTF-8 text; write one id a line.") from None
    ids = frozenset(line.strip() for line in lines if line.strip())
    long = next((number for number, line in enumerate(lines, 1) if len(line.strip()) > MAX_ID_LENGTH), None)
    if long is not None:
        raise WrongCallError(f"{path}:{long} is longer than any id; write one id a line.")
    if not ids:
        raise WrongCallError(f"{path} names no id; write one id a line.")
    return ids


MAX_ID_LENGTH = 512
