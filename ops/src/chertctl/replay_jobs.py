"""Replay jobs: what is to be worked through, how far that is, in a file that outlives the command."""

import os
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
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    chert_tenant: str
    since: datetime
    cursor: str | None = None
    reason: str | None = None
    result: dict[str, int] = Field(default_factory=dict)
    done: bool = False


class JobFile:
    """Where a job is kept while it goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, job_id: str) -> Self:
        """The file of a job, in the operator's own state folder (XDG Base Directory)."""
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return cls(folder / "chertctl" / "replays" / f"{job_id}.json")

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
