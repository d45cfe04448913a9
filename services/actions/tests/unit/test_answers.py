"""What every call of the database has in common."""

import pytest
from pymongo.errors import AutoReconnect, DuplicateKeyError, OperationFailure, ServerSelectionTimeoutError

from actions.adapters.mongo.answers import asked
from actions.errors import StoreAwayError


class Database:
    """Raises these, one after the other, and answers after them."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0

    async def call(self) -> str:
        """One call."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


async def test_an_answer_that_was_lost_is_asked_for_once_more() -> None:
    """A connection that breaks may have carried the call out."""
    database = Database(AutoReconnect())

    assert "answer" == await asked(database.call)
    assert 2 == database.calls


@pytest.mark.parametrize(
    "error", [ServerSelectionTimeoutError(), OperationFailure("disk full", 14031), OperationFailure("blocked", 371)]
)
async def test_a_database_that_takes_nothing_now_is_away(error: Exception) -> None:
    """Nobody reached it, or its disk is full: whoever asked is told to come again, and it is not asked twice."""
    database = Database(error)

    with pytest.raises(StoreAwayError):
        await asked(database.call)
    assert 1 == database.calls


async def test_another_refusal_stays_what_it_is() -> None:
    """What will never be taken is no outage."""
    with pytest.raises(DuplicateKeyError):
        await asked(Database(DuplicateKeyError("there", 11000)).call)
