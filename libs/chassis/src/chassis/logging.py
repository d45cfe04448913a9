"""JSON logs: one canonical line per request or message, and no secret in any of them.

Three nets hold secrets back: names that carry them are masked whatever their value; text that looks like a phone
number or a bearer token is scrubbed wherever it stands; and of an exception only its class and the places it came
through are written, never its text, which may quote what a customer sent.
"""

import asyncio
import contextlib
import functools
import logging
import re
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final, Protocol, TextIO, cast

import structlog

from chassis.tracing import current_trace_id
from contracts.telemetry import LogEvent


class Log(Protocol):
    """A logger whose event names are on the list of `contracts.telemetry`."""

    def debug(self, event: LogEvent, **fields: object) -> None:
        """For developers."""

    def info(self, event: LogEvent, **fields: object) -> None:
        """What happened, as it should."""

    def warning(self, event: LogEvent, **fields: object) -> None:
        """Trouble that is being dealt with."""

    def error(self, event: LogEvent, **fields: object) -> None:
        """Trouble that someone must look at."""

    def exception(self, event: LogEvent, **fields: object) -> None:
        """The same, with the exception being handled."""


def get_log() -> Log:
    """A logger; bound to whatever `configure` decides later."""
    return cast("Log", structlog.get_logger())


SENSITIVE: Final = frozenset(
    {
        "access_token", "authorization", "body", "client_secret", "code", "code_verifier", "cookie", "email",
        "message", "password", "phone", "refresh_token", "secret", "sender", "session", "set_cookie", "signature",
        "state", "text", "token",
    }
)  # fmt: skip
"""Names whose values never reach a log, in any case, with `-` or `_`."""

_SENSITIVE_ENDS: Final = ("token", "secret", "secrets", "password", "phone", "signature", "cookie", "credential")

MASK: Final = "[masked]"
# E.164 has at most 15 digits and ours at least 7; people write blanks, dots, dashes and brackets between them.
_PHONE = re.compile(r"(?:\+|%2[Bb])[1-9](?:[\s().-]{0,2}\d){6,}")
_CARRIERS = "access_token|refresh_token|id_token|token|code|code_verifier|state|client_secret|secret|password"
_BEARER = re.compile(
    rf"""(?i)(\bbearer\s+|\b(?:{_CARRIERS})=|["'](?:{_CARRIERS})["']\s*:\s*["'])[^\s&"',;}}]+""",
)
_BEFORE_BEARER: Final = re.compile(r"[\s=:]")
"""What every bearer value stands behind."""
GATHER_SECONDS: Final = 0.05
"""For so long lines that tell of no trouble wait for each other, where a service lets them: alone, between two steps of
a request, one costs several times as much. A process that is killed takes the last ones with it."""

GATHERED: Final = 200
"""At most so many lines wait for each other."""

# Libraries that log every retry or request; their trouble shows in our own lines and in metrics.
_CHATTY: Final = {"aiokafka": logging.CRITICAL, "httpx2": logging.WARNING, "httpcore2": logging.WARNING,
                  "pymongo": logging.WARNING, "uvicorn": logging.WARNING, "faststream": logging.ERROR}  # fmt: skip


def scrub(text: str) -> str:
    """The text with phone numbers and bearer values masked."""
    if "+" in text or "%" in text:  # every phone number has one of them, and most texts have neither
        text = _PHONE.sub(MASK, text)
    return _BEARER.sub(rf"\1{MASK}", text) if _BEFORE_BEARER.search(text) else text


def mask(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: masks sensitive names and scrubs every text, at any depth."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: object) -> object:
    if _is_sensitive(name):
        return MASK
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return scrub(value)
        case Mapping():
            return {str(key): _masked(str(key), inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked("", inner) for inner in value]
        case _:
            return scrub(str(value))


@functools.lru_cache(maxsize=1024)
def _is_sensitive(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in SENSITIVE or plain.endswith(_SENSITIVE_ENDS)


def first_line(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor for other libraries' lines: what follows the first line may quote an exception's text."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def add_trace_id(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: every line written under a trace carries its id, so that one id finds them all."""
    if "trace_id" not in event and int(trace_id := current_trace_id(), 16):
        event["trace_id"] = trace_id
    return event


def describe_exception(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: an exception becomes its classes and the places it came through."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given is True else None
    if isinstance(given, tuple):
        error = given[1]
    if error is not None:
        event["exception"] = [type(cause).__name__ for cause in _chain(error)]
        event["stack"] = [
            f"{frame.f_code.co_filename.rpartition('/site-packages/')[2]}:{line} {frame.f_code.co_name}"
            for frame, line in traceback.walk_tb(error.__traceback__)
        ]
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def drop_lower(_: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: what is below the configured level goes no further."""
    if structlog.processors.NAME_TO_LEVEL[method] < logging.root.level:
        raise structlog.DropEvent
    return event


Finish = Callable[[str, MutableMapping[str, Any]], str]
"""Makes a line of an event and the name of its level."""


class _Output:
    """The stream that was configured last; loggers are cached, and hold on to this.

    Where lines are gathered, those that tell of no trouble wait here for a moment, for one after the other is made at
    once in a fraction of the time that each takes between two requests. Nothing is ever written before what was said
    before it.
    """

    def __init__(self, finish: Finish) -> None:
        self._finish = finish
        self._waiting: deque[tuple[str, MutableMapping[str, Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.stream: TextIO = sys.stdout
        self.gather_seconds = 0.0

    def write(self, line: str) -> int:
        """Write a whole line, after those that wait."""
        if self._waiting:
            self.let_out()
        return self.stream.write(line)

    def flush(self) -> None:
        """Let it out."""
        self.stream.flush()

    def hold(self, method: str, event: MutableMapping[str, Any]) -> bool:
        """Let an event wait; false if it must be written at once, as all are that no event loop would let out."""
        loop = asyncio._get_running_loop()  # noqa: SLF001 - its public sibling raises where there is none
        if not self.gather_seconds or loop is None:
            return False
        self._waiting.append((method, event))
        if len(self._waiting) >= GATHERED:
            self.let_out()
        elif self._timer is None:
            self._timer = loop.call_later(self.gather_seconds, self._let_out_in_time)
        return True

    def let_out(self) -> None:
        """Write all that waits. Any thread may: the loop's timer is left alone."""
        lines = [self._finish(*one) for one in self._taken()]
        if lines:
            self.stream.write("\n".join(lines) + "\n")
            self.stream.flush()

    def stop(self) -> None:
        """Write all that waits, and let nothing wait any more; for the loop's own thread."""
        self.gather_seconds = 0.0
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        self.let_out()

    def _let_out_in_time(self) -> None:
        self._timer = None
        self.let_out()

    def _taken(self) -> Iterator[tuple[str, MutableMapping[str, Any]]]:
        with contextlib.suppress(IndexError):  # empty, or another thread took the last one
            while True:
                yield self._waiting.popleft()


def hold(_: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: where lines are gathered, what tells of no trouble goes no further for now."""
    if method in _HELD and "exc_info" not in event and _OUTPUT.hold(method, event):
        raise structlog.DropEvent
    return event


_HELD: Final = frozenset({"debug", "info"})
_render: Final = structlog.processors.JSONRenderer()


def _finished(method: str, event: MutableMapping[str, Any]) -> str:
    return str(_render(None, method, mask(None, method, event)))


_OUTPUT: Final = _Output(_finished)


def stop_gathering() -> None:
    """Write what waits, and from now on every line at once: the process ends."""
    _OUTPUT.stop()


def configure(service: str, level: str, stream: TextIO = sys.stdout, *, gather_seconds: float = 0.0) -> None:
    """Send our own and every library's log lines to one stream, as JSON, masked.

    Our own go there at once: a detour through the standard library's records would double what a line costs.

    Args:
        service: on every line.
        level: the least that is written.
        stream: where to.
        gather_seconds: for so long may lines below a warning wait for each other while an event loop runs. Whoever
            kills the process takes them with it; `stop_gathering` ends it.
    """
    stop_gathering()
    stamped: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_id,
    ]
    finished: list[structlog.typing.Processor] = [describe_exception, mask]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, first_line, *stamped, *finished],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
    )
    _OUTPUT.stream, _OUTPUT.gather_seconds = stream, gather_seconds
    handler = logging.StreamHandler(cast("TextIO", _OUTPUT))
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, least in _CHATTY.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level.upper())))
    structlog.configure(
        processors=[drop_lower, *stamped, hold, *finished, _render],
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _OUTPUT)),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),  # loggers are cached, levels can change
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
