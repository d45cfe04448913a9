"""Settings and files with secrets."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.clock import FileClock, ManualClock, SystemClock
from chassis.settings import NotLoadedError, RereadFile, Secrets, ServiceSettings, load, misnamed


class Settings(ServiceSettings):
    """A service's settings."""

    model_config = SettingsConfigDict(env_prefix="SOME_", frozen=True, extra="ignore")

    origins: tuple[str, ...] = ()


class SomeSecrets(Secrets):
    """A service's secrets."""

    client_secret: SecretStr


SOUND: dict[str, Any] = {
    "port": 1,
    "kafka_bootstrap": "localhost:1",
    "public_base_url": "https://chert.example.com",
    "secrets_file": Path("secrets.json"),
}


def test_settings_stand_for_themselves() -> None:
    """What is given is there; the clock is the machine's."""
    settings = load(Settings, **SOUND)
    assert (1, "production") == (settings.port, settings.environment)
    assert SystemClock is type(settings.clock())


def test_a_missing_setting_is_named(subtests: pytest.Subtests) -> None:
    """Without a setting a process does not start, and says which variable to set."""
    for name in SOUND:
        with subtests.test(name), pytest.raises(SystemExit) as stopped:
            load(Settings, **{key: value for key, value in SOUND.items() if key != name})
        assert f"SOME_{name.upper()}: Field required" in str(stopped.value)


def test_a_setting_that_is_not_allowed_is_named_without_its_value() -> None:
    """A wrong value is refused with the variable and the rule, and is not repeated: it might be a secret."""
    with pytest.raises(SystemExit) as stopped:
        load(Settings, **SOUND | {"port": "hunter2"})
    assert "SOME_PORT: Input should be a valid integer" in str(stopped.value)
    assert "hunter2" not in str(stopped.value)


def test_a_setting_that_nobody_knows_is_named_with_the_nearest_that_is() -> None:
    """A slip in a variable's name is not passed over in silence; what belongs to others is."""
    environment = {"SOME_PORT": "1", "SOME_KAFKA_BOOTSTRAPS": "x", "SOME_ZEBRA": "x", "OTHER_PORT": "x", "PATH": "x"}

    assert [
        "  SOME_KAFKA_BOOTSTRAPS: set SOME_KAFKA_BOOTSTRAP instead",
        "  SOME_ZEBRA: remove it",
    ] == list(misnamed(Settings, environment))


@pytest.mark.parametrize("address", ["http://chert.example.com", "https://chert.example.com/path", "chert.example.com"])
def test_what_signatures_cover_is_an_https_origin_in_production(address: str) -> None:
    """A public address without TLS, or with more than an origin, would let no signature hold."""
    with pytest.raises(SystemExit, match="PUBLIC_BASE_URL"):
        load(Settings, **SOUND | {"public_base_url": address})


def test_a_developer_needs_no_certificate() -> None:
    """In development plain http is enough."""
    local = SOUND | {"public_base_url": "http://localhost:8080", "environment": "development"}

    assert "http://localhost:8080" == load(Settings, **local).public_base_url


def test_a_list_that_is_not_json_is_named(tmp_path: Path) -> None:
    """A list is JSON; what is not is refused with its name, not with a stack of calls."""

    class FromFile(Settings):
        model_config = SettingsConfigDict(env_prefix="SOME_", env_file=tmp_path / ".env", extra="ignore")

    (tmp_path / ".env").write_text("SOME_ORIGINS=a,b\n")
    with pytest.raises(SystemExit, match="origins"):
        load(FromFile, **SOUND)


def test_the_clock_file_is_for_development(tmp_path: Path) -> None:
    """Production refuses a clock that can be moved; development gets it."""
    moved = SOUND | {"clock_file": tmp_path / "clock.json"}
    with pytest.raises(SystemExit, match="CLOCK_FILE"):
        load(Settings, **moved)
    assert FileClock is type(load(Settings, **moved | {"environment": "development"}).clock())


def test_a_secret_shows_no_face() -> None:
    """A secret masks itself wherever a model is printed."""
    assert "hunter2" not in repr(SomeSecrets(client_secret=SecretStr("hunter2")))


def write(path: Path, secret: str) -> None:
    """Replace a secrets file, as an operator does: a new file moved over the old one."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"client_secret": secret}))
    new.replace(path)


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    """A rotated secret is there within a second, without a restart."""
    path, clock = tmp_path / "secrets.json", ManualClock()
    write(path, "old")
    file = RereadFile(path, SomeSecrets, clock)
    assert "old" == file.read().client_secret.get_secret_value()
    write(path, "new")
    assert "old" == file.read().client_secret.get_secret_value()
    clock.advance(1.0)
    assert "new" == file.read().client_secret.get_secret_value()


@pytest.mark.parametrize("broken", ["", "{", '{"client_secret": 1}', "{}"])
def test_a_file_that_breaks_keeps_its_last_good_content(tmp_path: Path, broken: str) -> None:
    """A half-written or wrong file changes nothing; a good one later does."""
    path, clock = tmp_path / "secrets.json", ManualClock()
    write(path, "old")
    file = RereadFile(path, SomeSecrets, clock)
    file.read()
    path.write_text(broken)
    clock.advance(1.0)
    assert "old" == file.read().client_secret.get_secret_value()
    path.unlink()
    clock.advance(1.0)
    assert "old" == file.read().client_secret.get_secret_value()
    write(path, "new")
    clock.advance(1.0)
    assert "new" == file.read().client_secret.get_secret_value()


def test_a_file_that_never_was_is_a_fault_of_ours(tmp_path: Path) -> None:
    """Until a file was readable once, asking for it is a temporary fault; then it is there."""
    path, clock = tmp_path / "secrets.json", ManualClock()
    file = RereadFile(path, SomeSecrets, clock)
    with pytest.raises(NotLoadedError, match=r"secrets\.json"):
        file.read()
    write(path, "new")
    clock.advance(1.0)
    assert "new" == file.read().client_secret.get_secret_value()
