"""Chert's console login: a page to choose a user, the session cookie, and the key set that verifies it."""

import re
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from simulators.chert.models import JsonObject
from simulators.chert.pages import page
from simulators.chert.sessions import COOKIE, LIFETIME_SECONDS
from simulators.chert.simulator import Chert, ChertSimulator

HOME = "/console"
"""Where a login leads that names no other place."""

# One leading slash: two, or a backslash after it, would name another host.
_SAME_ORIGIN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def show_login(chert: Chert, return_to: str = HOME) -> HTMLResponse:
    """The page on which one of the users is chosen."""
    return _login_page(chert, return_to)


@router.post("/login")
async def log_in(chert: Chert, user: Annotated[str, Form()] = "", return_to: Annotated[str, Form()] = HOME) -> Response:
    """Signs the user in and returns to where they came from."""
    known = chert.state.users.get(user)
    if known is None:
        return _login_page(chert, return_to, problem="Choose one of these users.")
    answer = RedirectResponse(same_origin_path(return_to), status_code=303)
    token = chert.sessions.issue(known, chert.state.tenants_of(known), chert.clock.now())
    answer.set_cookie(COOKIE, token, max_age=LIFETIME_SECONDS, secure=True, httponly=True, samesite="lax")
    return answer


@router.post("/logout")
async def log_out() -> RedirectResponse:
    """Ends the session."""
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/.well-known/jwks.json")
async def key_set(chert: Chert) -> JsonObject:
    """The public keys of console sessions."""
    return chert.sessions.key_set()


def same_origin_path(return_to: str) -> str:
    """The path to return to: what was asked for if it stays on this origin, else the console's start."""
    return return_to if _SAME_ORIGIN_PATH.fullmatch(return_to) else HOME


def _login_page(chert: ChertSimulator, return_to: str, problem: str = "") -> HTMLResponse:
    users = [(user, chert.state.tenants_of(user)) for user in chert.state.users.values()]
    users.sort(key=lambda entry: not entry[1])  # whoever can do something stands first, and is chosen
    return page(
        "login.html",
        status_code=400 if problem else 200,
        users=users,
        return_to=same_origin_path(return_to),
        problem=problem,
    )
