"""What `doctor` finds: each with its remedy, and the checks that need nothing but settings and a calendar."""

import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from chertctl.outcomes import OperatorError
from chertctl.settings import OperatorSecrets, Settings
from hubspot_client import DEFAULT_API_VERSION, DOCUMENTED_VERSION, RELEASES, ends_soon

Verdict = Literal["ok", "warning", "fault"]

ADDRESSES: Final = (
    "kafka_bootstrap", "oauth_url", "webhooks_url", "actions_url", "timeline_url", "chert_url", "public_base_url",
)  # fmt: skip
"""Settings that verbs need."""

_SECRETS: Final = {
    "ops_credential": "every verb that asks a service",
    "redaction_key": "finding phone numbers by their hash",
    "chert_signing_secret": "chert subscribe",
    "hubspot_client_secrets": "the signature self-test",
}
API: Final = "api"
"""What a setting of the services chooses the version for; for the journal of uninstalls the release does."""

Spoken = AbstractSet[tuple[str, str]]
"""Versions of HubSpot's paths: what for, and which."""

SPOKEN: Final[Spoken] = frozenset({(API, DEFAULT_API_VERSION), ("journal", DOCUMENTED_VERSION)})
"""What services speak unless told otherwise."""

_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: which.
        verdict: how it is.
        words: what was found.
        remedy: what to do about it; empty when all is well.
    """

    check: str
    verdict: Verdict
    words: str
    remedy: str = ""


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Are all addresses known, and is the public one https?"""
    for name in ADDRESSES:
        if getattr(settings, name) is None:
            yield Finding(f"setting {name}", "fault", "not set", f"Set CHERTCTL_{name.upper()}.")
    url = settings.public_base_url
    if url is not None and urlsplit(url).scheme != "https" and urlsplit(url).hostname not in _LOCAL:
        yield Finding(
            "setting public_base_url", "fault", f"{url} is not https",
            "HubSpot and Chert call https alone, and signatures cover the address as they call it.",
        )  # fmt: skip
    if all(getattr(settings, name) is not None for name in ADDRESSES):
        yield Finding("settings", "ok", "all addresses are known")


def of_secrets(settings: Settings) -> Iterator[Finding]:
    """Is the operators' file readable, for its owner alone, and whole?"""
    file = settings.secrets_file
    if file is None:
        yield Finding("secrets file", "fault", "not named", "Name the operators' file with CHERTCTL_SECRETS_FILE.")
        return
    try:
        secrets = settings.secrets()
    except OperatorError as error:
        yield Finding("secrets file", "fault", str(error), "Ask whoever gave you operator's rights for a new one.")
        return
    yield _permissions(file)
    yield from _missing(secrets)


def of_releases(spoken: Spoken, today: date) -> Iterator[Finding]:
    """How long HubSpot supports each version of its paths that is spoken, by what for and which."""
    for use, version in sorted(spoken):
        yield _of_release("HubSpot paths" if use == API else f"HubSpot paths ({use})", use, version, today)


def _of_release(check: str, use: str, version: str, today: date) -> Finding:
    known = next((name for name in RELEASES if name == version), None)
    if known is None:
        return Finding(check, "fault", f"{version} is not known", f"Use one of {', '.join(RELEASES)}.")
    end = RELEASES[known].supported_until
    words = f"{version} is supported until {end} ({max((end - today).days, 0)} days)"
    if ends_soon(known, today) is None:
        return Finding(check, "ok", words)
    newer = [name for name, one in RELEASES.items() if one.supported_until > end]
    remedy = (
        f"Set …_HUBSPOT_API_VERSION of oauth, actions and timeline to {newer[-1]}."
        if newer and use == API
        else "Take a release of this product that speaks a newer version of these paths."
    )
    return Finding(check, "warning" if today < end else "fault", words, remedy)


def _permissions(file: Path) -> Finding:
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Finding("secrets file", "warning", f"{file} is readable for others", f"chmod 600 {file}")
    return Finding("secrets file", "ok", "readable, for its owner alone")


def _missing(secrets: OperatorSecrets) -> Iterator[Finding]:
    for name, use in _SECRETS.items():
        if not getattr(secrets, name):
            yield Finding(f"secret {name}", "warning", f"missing: without it no {use}", "Add it to the secrets file.")
