"""What a request is answered with whose service cannot use its database now; whoever asked may come again."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pymongo.errors import OperationFailure

from chassis.failures import unavailable
from chassis.mongo import DATABASE_AWAY, takes_no_writes


def install(app: FastAPI) -> None:
    """Answer 503 on every route where the database is away, or has no room for what is to be written."""
    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(OperationFailure, _refused)


async def _away(_: Request, __: Exception) -> JSONResponse:
    return unavailable("the database").response()


async def _refused(_: Request, error: Exception) -> JSONResponse:
    if not takes_no_writes(error):
        raise error
    return unavailable("the database").response()
