"""A real browser on one running system; each admin has a project, an account and cookies of their own.

All of these tests share the browser, and therefore the loop that talks to it: to start it costs more than most tests.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from tests.e2e.browser.admin import Admin
from tests.e2e.browser.rep import Rep

from harness.system import System

FOLDER = Path(__file__).parent

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Chromium asks nobody but the pages that it is shown."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let this folder's tests run in the loop in which the browser lives."""
    shared = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if item.path.is_relative_to(FOLDER) and pytest_asyncio.is_async_test(item):
            item.add_marker(shared, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A headless Chromium; what belongs to one user is in a context."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def new_admin(system: System, browser: Browser) -> AsyncIterator[Callable[[], Awaitable[Admin]]]:
    """Makes admins, each of a project of their own, who are not signed in yet."""
    async with AsyncExitStack() as contexts:

        async def make() -> Admin:
            context = await browser.new_context()
            contexts.push_async_callback(context.close)
            return Admin(await context.new_page(), system.seed(f"b{secrets.token_hex(4)}"))

        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def admin(new_admin: Callable[[], Awaitable[Admin]]) -> Admin:
    """An admin who is signed in."""
    admin = await new_admin()
    await admin.sign_in()
    return admin


@pytest_asyncio.fixture(loop_scope="session")
async def rep(admin: Admin) -> Rep:
    """A rep of a connected account."""
    await admin.connect()
    return Rep(admin, await admin.page.context.new_page())
