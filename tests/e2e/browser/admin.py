"""An admin of one project at a browser: what they click, and what they see."""

from base64 import b64encode
from typing import Literal

import httpx2
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize, expect

from harness.control import HubSpotControl
from harness.paths import repository_root
from harness.run_file import RunFile, SeededPortal
from harness.seeding import console_user
from harness.waiting import eventually

SCREENSHOTS = repository_root() / "build" / "screenshots"

LONGEST_SECONDS = 30.0
"""That a send may take until it is accepted."""

DESK: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 360, "height": 740}


class Admin:
    """Somebody with rights on one seeded project, and a HubSpot account that it is meant for."""

    def __init__(self, page: Page, run: RunFile) -> None:
        """Nobody is signed in yet."""
        self.page = page
        self.run = run

    @property
    def portal(self) -> SeededPortal:
        """The HubSpot account."""
        return self.run.portals[0]

    @property
    def console(self) -> str:
        """The address of the console's first page."""
        return f"{self.run.gateway_url}/console"

    @property
    def account(self) -> str:
        """The address of the account's page."""
        return f"{self.console}/projects/{self.portal.project_id}/accounts/{self.portal.portal_id}"

    async def sign_in(self) -> None:
        """Open the console, and say who it is when asked."""
        await self.page.goto(self.console)
        await self.say_who()
        await expect(self.page.get_by_role("heading", name="HubSpot accounts")).to_be_visible()

    async def say_who(self) -> None:
        """Sign in on Chert's login page."""
        await self.page.get_by_label(console_user(self.run.chert.tenant_slug)).check()
        await self.page.get_by_role("button", name="Sign in").click()

    async def gets_a_second_project(self) -> str:
        """The user gets rights on one more project, and signs in anew; its id."""
        slug = f"{self.run.chert.tenant_slug}-2"
        project_id = f"project-{slug}"
        user = console_user(self.run.chert.tenant_slug)
        tenant = {"slug": slug, "project_id": project_id, "name": "Second", "user": user}
        async with httpx2.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.run.chert_url}/control/tenants", json=tenant)).raise_for_status()
        await self.page.context.clear_cookies()
        await self.sign_in()
        return project_id

    async def account_cannot_grant(self, scope: str) -> None:
        """The HubSpot account's plan lacks what a scope is for."""
        url = f"{self.run.hubspot_url}/control/portals/{self.portal.portal_id}"
        async with httpx2.AsyncClient(trust_env=False) as client:
            (await client.patch(url, json={"unavailable_scopes": [scope]})).raise_for_status()

    async def begin(self, page: Page | None = None) -> Page:
        """Press Connect HubSpot; HubSpot's consent screen."""
        page = page or self.page
        await page.goto(self.console)
        await page.get_by_role("link", name="Connect HubSpot").click()
        await expect(page.get_by_role("button", name="Approve")).to_be_visible()
        return page

    async def approve(self, page: Page) -> None:
        """Choose the account on the consent screen, and approve."""
        await page.get_by_label(f"account {self.portal.portal_id}").check()
        await page.get_by_role("button", name="Approve").click()

    async def connect(self) -> None:
        """The whole install."""
        await self.approve(await self.begin())
        await expect(self.page.get_by_role("status")).to_contain_text("connected")

    async def open_account(self) -> None:
        """The account's page."""
        await self.page.goto(self.account)

    async def send(self, text: str) -> None:
        """A workflow of the account sends a text to its contact; the app knows the account by then."""
        hubspot = HubSpotControl(self.run.hubspot_url)

        async def accepted() -> bool:
            sent = await hubspot.run_workflow(self.portal.portal_id, self.portal.contacts[0].id, text)
            return sent.outcome == "success"

        try:
            await eventually(accepted, what="the workflow's send to be accepted", seconds=LONGEST_SECONDS)
        finally:
            await hubspot.close()

    async def lead_sends(self, text: str, *files: tuple[str, str, bytes]) -> str:
        """The contact's phone sends a text with files, each a name, a type and content; Chert's id of the message."""
        told = [
            {"filename": name, "content_type": kind, "content": b64encode(content).decode()}
            for name, kind, content in files
        ]
        order = {"phone": self.portal.contacts[0].phone, "text": text, "attachments": told}
        url = f"{self.run.chert_url}/control/tenants/{self.run.chert.tenant_slug}/replies"
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = (await client.post(url, json=order)).raise_for_status()
        return str(answer.json()["message_id"])

    async def open_contact_with_replies(self, count: int) -> None:
        """The contact's record in HubSpot, once so many replies are on its timeline."""
        hubspot, contact_id = HubSpotControl(self.run.hubspot_url), self.portal.contacts[0].id

        async def written() -> bool:
            return len(await hubspot.timeline(self.portal.portal_id, contact_id)) >= count

        try:
            await eventually(written, what="the replies to be on the timeline", seconds=LONGEST_SECONDS)
        finally:
            await hubspot.close()
        await self.page.goto(f"{self.run.hubspot_url}/contacts/{self.portal.portal_id}/record/0-1/{contact_id}")

    async def open_in_chert(self) -> Page:
        """Follow the link at the end of the latest communication; the tab that it opens, where the admin is now."""
        async with self.page.expect_popup() as opening:
            await self.page.get_by_role("link", name="Open in Chert").first.click()
        self.page = await opening.value
        return self.page

    async def chert_deletes_files(self, message_id: str) -> None:
        """Chert does not keep any more what came with a message."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            url = f"{self.run.chert_url}/control/messages/{message_id}/attachments"
            (await client.delete(url)).raise_for_status()

    async def see(self, name: str, page: Page | None = None) -> None:
        """Keep a picture of the whole page, and another as on a phone, where nothing may stick out."""
        page = page or self.page
        await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        await page.set_viewport_size(PHONE)
        await page.screenshot(path=SCREENSHOTS / f"{name}-phone.png", full_page=True)
        widest = await page.evaluate("document.documentElement.scrollWidth")
        await page.set_viewport_size(DESK)
        assert widest <= PHONE["width"], f"{name} is {widest} px wide on a phone"

    async def is_accessible(self, page: Page | None = None) -> None:
        """The page breaks no rule of axe, in light and in dark colours, between which nothing fades slowly."""
        page = page or self.page
        schemes: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
        for colours in schemes:
            await page.emulate_media(color_scheme=colours, reduced_motion="reduce")
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{page.url} in {colours}: {found.generate_report()}"
        await page.emulate_media(color_scheme="light")
