"""The settings form: filled from what is saved, or from what was just typed and refused."""

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.tenants import TenantSettings
from oauth.api.console_views import ChangeView, ChoiceView, FieldView, SettingsView
from oauth.api.console_words import FIELDS, SWITCHES
from oauth.errors import Problem
from oauth.models import PhoneLine

POOL_DEFAULT: Final = ChoiceView(value="", words="Pool default")


def typed(settings: TenantSettings) -> dict[str, str]:
    """Settings as a form sends them: a switch that is off is empty."""
    saved = settings.model_dump()
    return {name: _typed(saved[name]) for name in FIELDS}


def settings_view(
    values: Mapping[str, str],
    revision: int,
    lines: Sequence[PhoneLine] | None,
    *,
    problems: Sequence[Problem] = (),
    problem: str = "",
) -> SettingsView:
    """The form with these values, and with what is wrong with them."""
    errors = {found.name: found.words for found in problems}
    fields = {
        name: FieldView(
            name=name, label=words.label, help=words.help, value=values.get(name, ""), error=errors.get(name, "")
        )
        for name, words in FIELDS.items()
    }
    return SettingsView(
        revision=revision,
        fields=fields,
        lines=_choices(lines, values.get("phone_line_id", "")),
        lines_known=lines is not None,
        problem=problem,
    )


def differences(
    saved: Mapping[str, str], wanted: Mapping[str, str], lines: Sequence[PhoneLine] | None
) -> tuple[ChangeView, ...]:
    """What saving the wanted values would change, in the form's order."""
    return tuple(
        change_view(name, saved.get(name, ""), wanted.get(name, ""), lines)
        for name in FIELDS
        if saved.get(name, "") != wanted.get(name, "")
    )


def change_view(name: str, before: str, after: str, lines: Sequence[PhoneLine] | None) -> ChangeView:
    """One changed setting, in words; a line by its number, as the form has it."""
    label = FIELDS[name].label if name in FIELDS else name
    return ChangeView(label=label, before=_shown(name, before, lines), after=_shown(name, after, lines))


def _typed(value: str | int | bool | None) -> str:  # noqa: FBT001 - a setting may be a switch
    if isinstance(value, bool):
        return "on" if value else ""
    return "" if value is None else str(value)


def _shown(name: str, value: str, lines: Sequence[PhoneLine] | None) -> str:
    if name in SWITCHES:
        return "on" if value.lower() in {"on", "true", "1"} else "off"
    if name == "phone_line_id":
        return next(choice.words for choice in _choices(lines, value) if choice.value == value)
    return value or "(empty)"


def _choices(lines: Sequence[PhoneLine] | None, chosen: str) -> tuple[ChoiceView, ...]:
    """Pool default, the lines there are, and the chosen one even if it is none of those."""
    known = tuple(ChoiceView(value=line.id, words=_line_words(line)) for line in lines or ())
    lost = not chosen or any(choice.value == chosen for choice in known)
    return (POOL_DEFAULT, *known, *(() if lost else (ChoiceView(value=chosen, words=f"Line {chosen}"),)))


def _line_words(line: PhoneLine) -> str:
    return line.phone_number if line.active else f"{line.phone_number} (not active)"
