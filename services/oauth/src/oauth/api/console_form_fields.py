"""The console's forms as they are sent; what they mean is the handlers' to say."""

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from chassis.failures import Refusal
from contracts.failures import Code

LARGEST_REVISION = 2**53 - 1
"""Revisions are milliseconds of the clock; this is 285,000 years of them, and exact in JSON."""

Revision = Annotated[int, Field(ge=0, le=LARGEST_REVISION)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    form_token: str = ""
    revision: Revision


class DisconnectForm(_Form):
    """The answer to whether an account is to be disconnected."""


class SettingsForm(_Form):
    """All settings, as typed; a switch that is off is absent."""

    label: str = ""
    phone_line_id: str = ""
    default_region: str = ""
    auto_create_leads: str = ""
    auto_send_on_create: str = ""
    auto_send_imported: str = ""
    auto_send_template: str = ""
    log_sent_messages: str = ""
    retention_days: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The settings alone: a region in capitals, and line ends as we keep them (browsers send CR LF)."""
        sent = self.model_dump(exclude={"form_token", "revision"})
        sent["default_region"] = self.default_region.strip().upper()
        return {name: value.replace("\r\n", "\n") for name, value in sent.items()}


async def refuse_repeated_fields(request: Request) -> None:
    """A field that comes twice means nothing.

    Raises:
        Refusal: one does.
    """
    names = [name for name, _ in (await request.form()).multi_items()]
    if len(names) != len(set(names)):
        raise Refusal(Code.INVALID_FIELD, "a field is repeated")
