"""Whether a process exports its traces, as its settings say."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.settings import ServiceSettings
from chassis.tracing import recording


@contextmanager
def traces_exported(service: str, settings: ServiceSettings) -> Iterator[None]:
    """Hand spans to the collector that the settings name, if any, until the block ends."""
    if settings.traces_url is None:
        yield
        return
    from chassis.otlp import OtlpRecorder  # noqa: PLC0415 - see its docstring

    recorder = OtlpRecorder(service, settings.traces_url)
    recording.start(recorder, settings.traces_share)
    try:
        yield
    finally:
        recording.stop()
        recorder.close()
