"""The picture of a trace: a row for each span, its bar where it lay in time; times without any work are cut out."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

from harness.collector import SeenSpan

_COLOURS: Final = {"actions": "#2f6fb0", "webhooks": "#b06a2f", "timeline": "#2f8f6a", "oauth": "#7a4fb0"}
_ROW, _TOP, _LABELS, _BARS, _TIMES = 24, 56, 330, 520, 90
_WIDTH: Final = _LABELS + _BARS + _TIMES
_QUIET_NANOSECONDS: Final = 20_000_000
"""A longer time in which nothing begins or ends is cut out."""

_CUT: Final = 14
_LEAST: Final = 3


def picture(spans: Sequence[SeenSpan]) -> str:
    """SVG of the spans of one trace."""
    rows = list(_rows(spans))
    places = _places(spans)
    height = _TOP + _ROW * len(rows) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        "<style>text { font: 12px system-ui, sans-serif }</style>",
        "<title>One trace: a send and its reply</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        *_legend({span.service for span in spans}),
        *(part for index, (depth, span) in enumerate(rows) for part in _bar(index, depth, span, places)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rows(spans: Sequence[SeenSpan]) -> Iterator[tuple[int, SeenSpan]]:
    """Spans below what caused them, each with its depth."""
    known = {span.id for span in spans}

    def below(parent: bytes | None, depth: int) -> Iterator[tuple[int, SeenSpan]]:
        for span in sorted(spans, key=lambda one: one.began):
            if span.parent == parent if parent is not None else span.parent not in known:
                yield depth, span
                yield from below(span.id, depth + 1)

    yield from below(None, 0)


def _places(spans: Sequence[SeenSpan]) -> Mapping[int, float]:
    """Where each moment lies, in pixels."""
    moments = sorted({moment for span in spans for moment in (span.began, span.ended)})
    lengths = [later - earlier for earlier, later in pairwise(moments)]
    quiet = [length > _QUIET_NANOSECONDS and not _busy(spans, at) for at, length in zip(moments, lengths, strict=False)]
    shown = sum(length for length, cut in zip(lengths, quiet, strict=True) if not cut) or 1
    scale = (_BARS - _CUT * sum(quiet)) / shown
    places, here = {moments[0]: 0.0}, 0.0
    for moment, length, cut in zip(moments[1:], lengths, quiet, strict=True):
        here += _CUT if cut else length * scale
        places[moment] = here
    return places


def _busy(spans: Sequence[SeenSpan], at: int) -> bool:
    return any(span.began <= at < span.ended for span in spans)


def _legend(services: set[str]) -> Iterator[str]:
    for index, service in enumerate(sorted(services)):
        left = 16 + index * 110
        yield f'<rect x="{left}" y="16" width="12" height="12" fill="{_COLOURS[service]}"/>'
        yield f'<text x="{left + 18}" y="26">{escape(service)}</text>'


def _bar(index: int, depth: int, span: SeenSpan, places: Mapping[int, float]) -> Iterator[str]:
    top = _TOP + _ROW * index
    left, right = places[span.began], places[span.ended]
    milliseconds = (span.ended - span.began) / 1e6
    x, width = _LABELS + left, max(right - left, _LEAST)
    yield f'<line x1="16" x2="{_WIDTH - 16}" y1="{top + _ROW - 4}" y2="{top + _ROW - 4}" stroke="#eeeeee"/>'
    yield f'<text x="{16 + 14 * depth}" y="{top + 13}">{escape(span.name)}</text>'
    yield f'<rect x="{x:.1f}" y="{top + 3}" width="{width:.1f}" height="12" fill="{_COLOURS[span.service]}"/>'
    if milliseconds:
        yield f'<text x="{_WIDTH - 16}" y="{top + 13}" text-anchor="end">{milliseconds:.1f} ms</text>'
