"""Fixtures with the real Kafka and the real database server, started when a test first asks for one.

Nothing heavy is imported before a fixture is asked for: a test run that uses none pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.backends import Broker, Database
    from harness.session import TestSession
    from harness.system import System
    from harness.topics import TopicFactory


_PREPARED = {"harness_session", "chromium"}
"""Fixtures whose first use would fetch, compile or install."""

_SESSION: pytest.StashKey[TestSession] = pytest.StashKey()
_NO_SYSTEM: pytest.StashKey[bool] = pytest.StashKey()
_NO_SERVERS: pytest.StashKey[bool] = pytest.StashKey()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Do that before the first test, so that no test's time limit pays for it."""
    if _is_in_order(session.config):
        _mark_the_last(session.items, _NO_SYSTEM, lambda item: "system" in getattr(item, "fixturenames", ()))
        _mark_the_last(
            session.items, _NO_SERVERS, lambda item: any(map(item.get_closest_marker, ("integration", "e2e")))
        )
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())} & _PREPARED
    if not wanted or session.config.option.collectonly:
        return
    from harness.session import prepare, prepare_browser  # noqa: PLC0415 - see the module docstring

    try:
        if "harness_session" in wanted:
            prepare()
        if "chromium" in wanted:
            prepare_browser()
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Stop what no test from here on needs: an idle system takes an eighth of a core from the others."""
    session = item.config.stash.get(_SESSION, None)
    if session is not None and _NO_SYSTEM in item.stash:
        session.stop_shared_system()
    if session is not None and _NO_SERVERS in item.stash:
        session.stop_servers()


def _is_in_order(config: pytest.Config) -> bool:
    """Whether tests run in the order in which they stand: by itself xdist begins with the fullest files."""
    return not hasattr(config, "workerinput") or not config.getoption("loadscopereorder", default=True)


def _mark_the_last(
    items: Sequence[pytest.Item], mark: pytest.StashKey[bool], needs: Callable[[pytest.Item], bool]
) -> None:
    """Mark the tests that stand behind the last one with a need."""
    for item in reversed(items):
        if needs(item):
            return
        item.stash[mark] = True


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium, for tests that drive a real browser."""
    from harness.session import prepare_browser  # noqa: PLC0415 - see the module docstring

    return prepare_browser()


@pytest.fixture(scope="session")
def card() -> None:
    """The HubSpot card is built, for tests that see it."""
    from harness.card_build import ensure_built  # noqa: PLC0415 - see the module docstring

    ensure_built()


@pytest.fixture(scope="session")
def harness_session(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestSession]:
    """What one test session shares; the other fixtures are parts of it."""
    from harness.session import TestSession  # noqa: PLC0415 - see the module docstring

    with TestSession(tmp_path_factory.mktemp("harness")) as session:
        pytestconfig.stash[_SESSION] = session
        yield session


@pytest.fixture(scope="session")
def kafka(harness_session: TestSession) -> Broker:
    """The session's Kafka: `.bootstrap`, and `.kill()`, `.pause()`, `.resume()`, `.restart()` for fault tests."""
    return harness_session.kafka()


@pytest.fixture(scope="session")
def database(harness_session: TestSession) -> Database:
    """The session's database: `.url`, and `.kill()`, `.pause()`, `.resume()`, `.restart()` for fault tests."""
    return harness_session.database()


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka: Broker) -> str:
    """`host:port` of the session's Kafka."""
    return kafka.bootstrap


@pytest.fixture(scope="session")
def mongo_url(database: Database) -> str:
    """The address of the session's database server; choose a database name of your own."""
    return database.url


@pytest.fixture(scope="session")
def topic(harness_session: TestSession) -> TopicFactory:
    """A factory of fresh topics: awaited with a number of partitions, it gives the name of a new one."""
    return harness_session.topics()


@pytest.fixture(scope="session")
def system(harness_session: TestSession) -> System:
    """One whole running system for all tests; a test takes a project of its own with `system.seed("name")`."""
    return harness_session.shared_system()


@pytest.fixture
def new_system(harness_session: TestSession) -> Iterator[System]:
    """A whole running system for this test alone, which may do it any harm."""
    with harness_session.system() as system:
        yield system
