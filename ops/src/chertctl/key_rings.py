"""The key ring: the file that `oauth` reads its sealing keys from, again whenever it changes."""

import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator

from chertctl.outcomes import WrongCallError

KEY_BYTES: Final = 32
"""AES-256."""


class KeyRing(BaseModel):
    """The keys by id, and the one to seal with."""

    model_config = ConfigDict(frozen=True)

    current: str
    keys: dict[str, SecretStr]

    @model_validator(mode="after")
    def _hold_the_current_key(self) -> "KeyRing":
        if self.current not in self.keys:
            raise ValueError("the current key is not among the keys")
        return self

    def grown(self, key_id: str, token_bytes: Callable[[int], bytes]) -> Self:
        """With one key more, which is to seal from now on."""
        key = SecretStr(base64.b64encode(token_bytes(KEY_BYTES)).decode())
        return self.model_copy(update={"current": key_id, "keys": {**self.keys, key_id: key}})

    def without(self, key_ids: set[str]) -> Self:
        """Without some keys; never without the current one."""
        kept = {name: key for name, key in self.keys.items() if name not in key_ids or name == self.current}
        return self.model_copy(update={"keys": kept})


def read(file: Path) -> KeyRing:
    """Read a ring.

    Raises:
        WrongCallError: it is none.
    """
    try:
        return KeyRing.model_validate_json(file.read_bytes())
    except OSError as error:
        raise WrongCallError(f"{file} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise WrongCallError(f"{file} is no key ring.") from None


def write(file: Path, ring: KeyRing) -> None:
    """Replace a ring in one step, readable for whom it was readable before."""
    draft = file.with_suffix(".new")
    mode = stat.S_IMODE(file.stat().st_mode)
    content = {"current": ring.current, "keys": {name: key.get_secret_value() for name, key in ring.keys.items()}}
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as stream:
        stream.write(json.dumps(content))
    draft.replace(file)
