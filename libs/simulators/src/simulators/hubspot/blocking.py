"""Steps that an app's answer has blocked: how long HubSpot waits, and what completes them (contract 4.4)."""

import re
from dataclasses import dataclass, field

DEFAULT_BLOCK_SECONDS = 7 * 86_400.0
"""How long a step is blocked whose answer names no duration, or none that can be read."""

# ISO 8601 as the contract recommends it: weeks alone, or days and a time.
_DURATION = re.compile(r"P(?:(\d{1,4})W|(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?)")
_UNITS = (7 * 86_400, 86_400, 3_600, 60, 1)


@dataclass(frozen=True, slots=True)
class Completion:
    """One call that wanted to end a step; `applied` when it did."""

    at: float
    output_fields: dict[str, str]
    applied: bool


@dataclass(slots=True)
class Block:
    """A step that waits: until when, and every call that wanted to end it."""

    until: float | None = None
    completions: list[Completion] = field(default_factory=list)

    @property
    def completed(self) -> Completion | None:
        """The call that ended it."""
        return next((one for one in self.completions if one.applied), None)

    def expired(self, now: float) -> bool:
        """Whether HubSpot went on by itself."""
        return self.until is not None and self.completed is None and now >= self.until

    def complete(self, output_fields: dict[str, str], now: float) -> bool:
        """End the step if it still waits; tells whether it did."""
        applied = self.until is not None and self.completed is None and not self.expired(now)
        self.completions.append(Completion(now, output_fields, applied))
        return applied


def block_seconds(duration: object) -> float:
    """How long `hs_expiration_duration` says, or the default."""
    read = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    seconds = sum(int(count or 0) * unit for count, unit in zip(read.groups(), _UNITS, strict=True)) if read else 0
    return float(seconds) or DEFAULT_BLOCK_SECONDS
