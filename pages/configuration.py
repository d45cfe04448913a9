"""Every setting of every service, from the settings classes and what their docstrings say."""

import inspect
import json
import re
import types
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from actions.settings import ActionsSecrets
from actions.settings import Settings as ActionsSettings
from chassis.settings import ServiceSettings
from oauth.adapters.sealing import KeyRing
from oauth.settings import OAuthSecrets
from oauth.settings import Settings as OAuthSettings
from timeline.settings import Settings as TimelineSettings
from timeline.settings import TimelineSecrets
from webhooks.settings import IngressSecrets
from webhooks.settings import Settings as WebhooksSettings

SERVICES: Final[dict[str, tuple[type[ServiceSettings], type[BaseModel]]]] = {
    "oauth": (OAuthSettings, OAuthSecrets),
    "webhooks": (WebhooksSettings, IngressSecrets),
    "actions": (ActionsSettings, ActionsSecrets),
    "timeline": (TimelineSettings, TimelineSecrets),
}

SECRET: Final = {"mongo_url": "yes, it holds the password"}
"""Settings whose value itself is a secret; all other secrets are in files that settings name."""

_INTRODUCTION = """# Configuration

Written by `make docs` from the settings classes; a test fails when it is not current.

A service reads environment variables that begin with its name. It refuses to start on one that is missing, wrong,
unknown or unsafe, and says which, and what to set. Secrets are in files, so that they can be replaced without a restart
and do not stand in the environment of every child process; they are read again within a second of a change.

`ENVIRONMENT=development` allows what production refuses: plain http to the outside, a clock that a file moves, fault
points. In production every address outside the cluster begins with `https`.
"""

_STORES = """## Kafka with TLS and a login

`KAFKA_TLS=true` encrypts, and checks the broker's certificate and its name against `KAFKA_CA_FILE`, or against whom the
machine trusts. For mutual TLS set `KAFKA_CERTIFICATE_FILE` and `KAFKA_KEY_FILE`. For a login set all of
`KAFKA_MECHANISM`, `KAFKA_USERNAME` and `KAFKA_PASSWORD_FILE`. These files are read when the process starts.
`chertctl` reads the same with the prefix `CHERTCTL_`. Tested against the real broker; a certificate that is expired or
somebody else's makes a broker that is away: the process stays up, and `/readyz` names `kafka`.

What each service needs to be allowed: to read its topics, to write what it tells and its dead letters, to use its
consumer group (its own name), and for `oauth` the transactional id `oauth.outbox.<database>`.

## MongoDB with TLS and a login

Both stand in the connection string, as the driver reads it:

```text
mongodb://oauth:password@db0.example.com,db1.example.com/?replicaSet=rs0&tls=true&tlsCAFile=/run/secrets/chert/mongo-ca.pem&authSource=admin
```

`authMechanism=MONGODB-X509` with `tlsCertificateKeyFile` logs in with a certificate instead. A user needs `readWrite`
on its service's own database and nothing else. The embedded database knows neither, so this part was not run here.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, _table("Every service", "<SERVICE>_", ServiceSettings, leave_out=())]
    for name, (settings, secrets) in SERVICES.items():
        parts.append(_table(f"`{name}`", f"{name.upper()}_", settings, leave_out=ServiceSettings.model_fields))
        parts.append(_file_table(f"{name.upper()}_SECRETS_FILE", secrets))
    parts.append(_file_table("OAUTH_KEY_RING_FILE", KeyRing))
    parts.append(_STORES)
    return "\n".join(parts)


def _table(title: str, prefix: str, settings: type[BaseModel], leave_out: Sequence[str] | dict[str, Any]) -> str:
    """A heading and a row for each setting."""
    meanings = described(settings)
    rows = [
        f"| `{prefix}{name.upper()}` | {_kind(field.annotation, field.metadata)} | {_default(field)} "
        f"| {SECRET.get(name, 'no')} | {meanings[name]} |"
        for name, field in settings.model_fields.items()
        if name not in leave_out
    ]
    if not rows:
        return f"## {title}\n\nNothing besides.\n"
    head = ["| Variable | Value | Default | Secret | Meaning |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([f"## {title}\n", *head, *rows, ""])


def _file_table(variable: str, model: type[BaseModel]) -> str:
    meanings = described(model)
    rows = [
        f"| `{name}` | {_kind(field.annotation, field.metadata)} | {'yes' if field.is_required() else 'no'} "
        f"| {meanings[name]} |"
        for name, field in model.model_fields.items()
    ]
    head = ["| Member | Value | Required | Meaning |", "| --- | --- | --- | --- |"]
    return "\n".join([f"### In the file of `{variable}`\n", *head, *rows, ""])


def described(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a class and its bases say of each attribute; the nearest class has the last word."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        found |= dict(_attributes(inspect.cleandoc(base.__doc__ or "")))
    return found


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    section = re.search(r"^Attributes:\n((?:(?: .*)?\n?)*)", text, re.MULTILINE)
    for item in re.split(r"\n {4}(?=\w)", "\n" + section.group(1)) if section else ():
        name, colon, meaning = item.partition(": ")
        if colon:
            yield name.strip(), " ".join(meaning.split())


def _default(field: Any) -> str:
    if field.is_required():
        return "**required**"
    value = field.default if field.default is not PydanticUndefined else field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value if isinstance(value, str | int | float | Path) else json.dumps(value)}`"


_NAMES: Final[dict[Any, str]] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path", SecretStr: "text, secret"
}  # fmt: skip


def _kind(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """A type in words."""
    bounds = [str(limit) for entry in metadata for limit in _limits(entry)]
    return _words(annotation) + (f" ({', '.join(bounds)})" if bounds else "")


def _limits(entry: Any) -> Iterator[str]:
    for sign, name in ((">", "gt"), ("≥", "ge"), ("<", "lt"), ("≤", "le"), ("at least this long:", "min_length")):
        if getattr(entry, name, None) is not None:
            yield f"{sign} {getattr(entry, name)}"
    pattern = getattr(entry, "pattern", "") or ""
    if pattern.startswith("^https?"):
        yield "an address"


def _words(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kind(inner[0], annotation.__metadata__)
    if origin in (Union, types.UnionType):
        return _words(next(part for part in inner if part is not type(None)))
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if inner:
        return f"list of {_words(inner[0])}" if origin is tuple else f"object: {_words(inner[-1])} by name"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    return _NAMES.get(annotation, "text")
