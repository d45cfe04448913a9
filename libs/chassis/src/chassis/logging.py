"""JSON logs: one canonical line per request or message, and no secret in any of them.

Three nets hold secrets back: names that carry them are masked whatever their value; text that looks like a phone
number or a bearer token is scrubbed wherever it stands; and of an exception only its class and the places it came
through are written, never its text, which may quote what a customer sent.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from functools import lru_cache
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
# Libraries that log every retry or request; their trouble shows in our own lines and in metrics.
_CHATTY: Final = {"aiokafka": logging.CRITICAL, "httpx2": logging.WARNING, "httpcore2": logging.WARNING,
                  "pymongo": logging.WARNING, "uvicorn": logging.WARNING, "faststream": logging.ERROR}  # fmt: skip


_SUSPECT = re.compile(r"""[+%=\s"']""")
"""What every phone number and bearer value begins with or contains; most texts, ids above all, have none of it."""


def scrub(text: str) -> str:
    """The text with phone numbers and bearer values masked."""
    if _SUSPECT.search(text) is None:
        return text
    return _BEARER.sub(rf"\1{MASK}", _PHONE.sub(MASK, text))


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


@lru_cache(maxsize=1_000)
def _is_sensitive(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in SENSITIVE or plain.endswith(_SENSITIVE_ENDS)


def first_line(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor for other libraries' lines: what follows the first line may quote an exception's text."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def add_trace_id(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: every line written under a trace carries its id, so that one id finds them all."""
    trace_id = current_trace_id()
    if int(trace_id, 16):
        event.setdefault("trace_id", trace_id)
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


def configure(service: str, level: str, stream: TextIO = sys.stdout) -> None:
    """Send our own and every library's log lines to one stream, as JSON, masked."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_id,
        describe_exception,
        mask,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, first_line, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, least in _CHATTY.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level.upper())))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),  # loggers are cached, levels can change
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
