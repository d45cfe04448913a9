"""Real browsers on one running system; each admin has a project, an account and cookies of their own."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, async_playwright
from tests.e2e.browser.admin import Admin

from harness.system import System

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""Chromium asks nobody but the pages that it is shown."""


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def new_admin(system: System, browser: Browser) -> AsyncIterator[Callable[[], Awaitable[Admin]]]:
    """Makes admins, each of a project of their own, who are not signed in yet."""
    async with AsyncExitStack() as contexts:

        async def make() -> Admin:
            context = await browser.new_context()
            contexts.push_async_callback(context.close)
            return Admin(await context.new_page(), system.seed(f"b{secrets.token_hex(4)}"))

        yield make


@pytest.fixture
async def admin(new_admin: Callable[[], Awaitable[Admin]]) -> Admin:
    """An admin who is signed in."""
    admin = await new_admin()
    await admin.sign_in()
    return admin
