"""A sales rep at a contact's record, with the lead's phone beside it."""

from playwright.async_api import Locator, Page, expect
from tests.e2e.browser.admin import SCREENSHOTS, Admin

NEWS_MILLISECONDS = 30_000
"""That news may take: the card looks every few seconds, and a reply goes through Kafka first."""


class Rep:
    """Somebody who works in the account that an admin connected."""

    def __init__(self, admin: Admin, phone: Page) -> None:
        """Nothing is open yet."""
        self.admin, self.page, self.phone = admin, admin.page, phone

    @property
    def record(self) -> str:
        """The address of the contact's record."""
        run, portal = self.admin.run, self.admin.portal
        return f"{run.hubspot_url}/contacts/{portal.portal_id}/record/0-1/{portal.contacts[0].id}"

    @property
    def workflows(self) -> str:
        """The address of the account's workflows."""
        return f"{self.admin.run.hubspot_url}/workflows/{self.admin.portal.portal_id}"

    @property
    def card(self) -> Locator:
        """The card."""
        return self.page.locator("#card")

    @property
    def composer(self) -> Locator:
        """Where a message is written."""
        return self.card.get_by_label("iMessage to")

    @property
    def timeline(self) -> Locator:
        """The record's activity."""
        return self.page.get_by_role("region", name="Activity")

    async def open_record(self) -> None:
        """The record, once its card knows the contact."""
        await self.page.goto(self.record)
        await expect(self.composer).to_be_visible(timeout=NEWS_MILLISECONDS)

    async def open_phone(self) -> None:
        """The lead's phone."""
        run, contact = self.admin.run, self.admin.portal.contacts[0]
        await self.phone.goto(f"{run.chert_url}/phones/{run.chert.tenant_slug}/{contact.phone}")

    async def send(self, text: str) -> None:
        """Write and send in the card."""
        await self.composer.fill(text)
        await self.card.get_by_role("button", name="Send", exact=True).click()

    async def lead_replies(self, text: str) -> None:
        """The lead takes their phone, and types."""
        await self.phone.bring_to_front()
        await self.phone.get_by_label("Reply").fill(text)
        await self.phone.get_by_role("button", name="Send").click()

    async def sees(self, text: str) -> None:
        """The card shows a message, once."""
        await expect(self.card.get_by_text(text, exact=True)).to_have_count(1, timeout=NEWS_MILLISECONDS)

    async def keep(self, name: str) -> None:
        """Keep a picture of the record, and one of the card alone, from which nothing may stick out."""
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        await self.card.screenshot(path=SCREENSHOTS / f"{name}-card.png")
        assert await self.card.evaluate("it => it.scrollWidth <= it.clientWidth"), f"{name}: the card is too wide"
