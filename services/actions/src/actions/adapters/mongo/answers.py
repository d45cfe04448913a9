"""What every call of the database has in common: being away, and an answer that got lost."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError

from actions.errors import StoreAwayError
from chassis.mongo import DATABASE_AWAY, takes_no_writes

T = TypeVar("T")


async def asked(call: Callable[[], Awaitable[T]]) -> T:
    """The answer to a call; once more if the connection broke, for the first may have been carried out unheard.

    Every call made through here can be repeated: the second finds that the first was its own.

    Raises:
        StoreAwayError: the database does not answer, or takes no writes now.
    """
    try:
        try:
            return await call()
        except ServerSelectionTimeoutError:
            raise  # it was not even reached
        except AutoReconnect:
            return await call()
    except DATABASE_AWAY as error:
        raise StoreAwayError(type(error).__name__) from error
    except OperationFailure as error:
        if takes_no_writes(error):
            raise StoreAwayError("takes no writes") from error
        raise
