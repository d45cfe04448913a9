"""What `doctor` finds: each with its remedy, and the checks that need nothing but settings and a calendar."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from chertctl.outcomes import OperatorError
from chertctl.settings import OperatorSecrets, Settings
from hubspot_client.paths import RELEASES

Verdict = Literal["ok", "warning", "fault"]

SUNSET_WARNING: Final = timedelta(days=180)
"""How long before HubSpot ends a version it is a warning: a release and a review fit in."""

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


def of_releases(version: str, today: date) -> Finding:
    """How long HubSpot supports the version of its paths that is used."""
    release = next((one for name, one in RELEASES.items() if name == version), None)
    if release is None:
        return Finding("HubSpot paths", "fault", f"{version} is not known", f"Use one of {', '.join(RELEASES)}.")
    left = release.supported_until - today
    words = f"{version} is supported until {release.supported_until} ({max(left.days, 0)} days)"
    newer = [name for name, one in RELEASES.items() if one.supported_until > release.supported_until]
    remedy = (
        f"Set …_HUBSPOT_API_VERSION of oauth, actions and timeline to {newer[-1]}."
        if newer
        else "Take a release of this product that knows a newer version of HubSpot's API."
    )
    if left <= timedelta(0):
        return Finding("HubSpot paths", "fault", words, remedy)
    return Finding("HubSpot paths", "warning" if left < SUNSET_WARNING else "ok", words,
                   remedy if left < SUNSET_WARNING else "")  # fmt: skip


def _permissions(file: Path) -> Finding:
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Finding("secrets file", "warning", f"{file} is readable for others", f"chmod 600 {file}")
    return Finding("secrets file", "ok", "readable, for its owner alone")


def _missing(secrets: OperatorSecrets) -> Iterator[Finding]:
    for name, use in _SECRETS.items():
        if not getattr(secrets, name):
            yield Finding(f"secret {name}", "warning", f"missing: without it no {use}", "Add it to the secrets file.")
