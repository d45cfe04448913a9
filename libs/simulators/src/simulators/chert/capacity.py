"""Which line sends, and the limits on first touches: window, daily cap, gap and cap per line.

The limits are Chert's; what a reached one answers is not published. Here the project's daily cap is 2008 (final), and
a closed window, the line gap and the line cap are 4002 with the seconds until a line is free. Days begin at midnight in
the project's time zone. Nothing binds while `Limits.enforced` is off.
"""

import math
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.chert.errors import ChertError, Code
from simulators.chert.models import Chat, Limits, Line, SendingWindow, Tenant


def line_for_first_touch(tenant: Tenant, wanted: Line | None, now: float) -> Line:
    """The wanted line or the least used active one, free to make a first touch now; counts it as used.

    Raises 3002 without an active line, 2008 or 4002 at a limit.
    """
    lines = [wanted] if wanted else active_lines(tenant)
    if tenant.limits.enforced:
        lines = _free_lines(tenant, lines, now)
    line = min(lines, key=lambda line: len(_touches(tenant, line)))
    tenant.first_touches.setdefault(line.id, []).append(now)
    return line


def line_for_follow_up(tenant: Tenant, chat: Chat, wanted: Line | None) -> Line:
    """The wanted line, else the one the lead is pinned to, else (that one is inactive) the first active one."""
    if wanted:
        return wanted
    pinned = tenant.line(chat.line_id)
    return pinned if pinned and pinned.is_active else active_lines(tenant)[0]


def active_lines(tenant: Tenant) -> list[Line]:
    """The tenant's active lines; raises 3002 when there is none."""
    lines = [line for line in tenant.lines if line.is_active]
    if not lines:
        raise ChertError(Code.DELIVERY_UNAVAILABLE, "No phone line is available")
    return lines


def first_touches_today(tenant: Tenant, now: float) -> int:
    """How many first touches the project made since midnight in its time zone."""
    return sum(_made_today(tenant, line, now) for line in tenant.lines)


def _touches(tenant: Tenant, line: Line) -> list[float]:
    return tenant.first_touches.get(line.id, [])


def _made_today(tenant: Tenant, line: Line, now: float) -> int:
    midnight = _midnight(tenant.limits, now)
    return sum(at >= midnight for at in _touches(tenant, line))


def _free_lines(tenant: Tenant, lines: list[Line], now: float) -> list[Line]:
    limits = tenant.limits
    if limits.window:
        _check_window(limits, limits.window, now)
    if first_touches_today(tenant, now) >= limits.daily_cap:
        raise ChertError(Code.ACCOUNT_LIMIT, "daily cap reached")
    waits = {line.id: _wait(tenant, line, now) for line in lines}
    free = [line for line in lines if waits[line.id] <= 0]
    if not free:
        raise _saturated("All phone lines are saturated", min(waits.values()))
    return free


def _wait(tenant: Tenant, line: Line, now: float) -> float:
    """Seconds until the line may make its next first touch."""
    if _made_today(tenant, line, now) >= tenant.limits.line_daily_cap:
        return _midnight(tenant.limits, now, days_ahead=1) - now
    last = max(_touches(tenant, line), default=-math.inf)
    return last + tenant.limits.line_gap_seconds - now


def _check_window(limits: Limits, window: SendingWindow, now: float) -> None:
    local = _local(limits, now)
    if window.start <= local.time() < window.end:
        return
    day = local.date() + timedelta(days=local.time() >= window.end)
    opens = datetime.combine(day, window.start, local.tzinfo)
    raise _saturated("The sending window is closed", opens.timestamp() - now)


def _saturated(message: str, wait: float) -> ChertError:
    return ChertError(Code.LINES_SATURATED, message, retry_after=max(1, math.ceil(wait)))


def _local(limits: Limits, now: float) -> datetime:
    return datetime.fromtimestamp(now, ZoneInfo(limits.timezone))


def _midnight(limits: Limits, now: float, days_ahead: int = 0) -> float:
    local = _local(limits, now)
    return datetime.combine(local.date() + timedelta(days=days_ahead), time.min, local.tzinfo).timestamp()
