"""`GET /attachments/{id}/content`: what leads sent along. Uploading is not played, so nothing of ours goes out."""

from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import Response

from simulators.chert.auth import Caller
from simulators.chert.simulator import Chert

router = APIRouter(prefix="/attachments", include_in_schema=False)


@router.get("/{attachment_id}/content")
async def read_content(attachment_id: str, chert: Chert, tenant: Caller) -> Response:
    """The content as it came; its headers, which Chert does not publish, are those that HTTP has for a file."""
    attachment = chert.state.attachment(tenant, attachment_id)
    headers = {
        "Content-Type": attachment.content_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(attachment.filename, safe='')}",
    }
    return Response(attachment.content, headers=headers)
