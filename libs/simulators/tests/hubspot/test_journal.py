from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from simulators.clock import ManualClock
from simulators.hubspot.journal import MAX_PAGES, RETENTION_SECONDS, Journal

INSTALL, UNINSTALL = "4-1909196", "4-1916193"
SUBSCRIPTIONS = "/webhooks-journal/subscriptions/2026-03"
JOURNAL = "/webhooks-journal/journal/2026-03"
READ = "developer.webhooks_journal.read"
SUBSCRIBE = "developer.webhooks_journal.subscriptions.write"
LIST = "developer.webhooks_journal.subscriptions.read"

Header = dict[str, str]


def order(event_type_id: str) -> dict[str, object]:
    """A subscription as an app asks for it."""
    return {"subscriptionType": "APP_LIFECYCLE_EVENT", "eventTypeId": event_type_id, "properties": []}


async def app_header(http: httpx2.AsyncClient, client_form: dict[str, str], *scopes: str) -> Header:
    """The header that calls for the app itself."""
    form = client_form | {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    answer = await http.post("/oauth/2026-03/token", data=form)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
async def app(http: httpx2.AsyncClient, client_form: dict[str, str]) -> Header:
    """The app's own token, with every scope of the journal."""
    return await app_header(http, client_form, READ, SUBSCRIBE, LIST)


@pytest.fixture
async def subscribed(http: httpx2.AsyncClient, app: Header) -> None:
    """Installs and uninstalls are written down."""
    for event_type_id in (INSTALL, UNINSTALL):
        await http.post(SUBSCRIPTIONS, json=order(event_type_id), headers=app)


async def file_at(http: httpx2.AsyncClient, answer: httpx2.Response) -> dict[str, object]:
    """The page that an answer leads to."""
    file: dict[str, object] = (await http.get(answer.json()["url"])).json()
    return file


async def event_types(http: httpx2.AsyncClient, answer: httpx2.Response) -> list[str]:
    """What happened, on the page that an answer leads to."""
    return [event["eventTypeId"] for event in (await http.get(answer.json()["url"])).json()["journalEvents"]]


async def test_a_subscription_is_made_once(http: httpx2.AsyncClient, app: Header) -> None:
    """The first is 201, a repeat 409, and the list has it once."""
    made = await http.post(SUBSCRIPTIONS, json=order(UNINSTALL), headers=app)
    again = await http.post(SUBSCRIPTIONS, json=order(UNINSTALL), headers=app)
    listed = await http.get(SUBSCRIPTIONS, headers=app)

    assert (201, UNINSTALL) == (made.status_code, made.json()["eventTypeId"])
    assert (409, "CONFLICT") == (again.status_code, again.json()["category"])
    assert [made.json()] == listed.json()["results"]


@pytest.mark.parametrize("change", [{"eventTypeId": "4-1"}, {"subscriptionType": "OBJECT"}, {"eventTypeId": None}])
async def test_an_unknown_subscription_is_refused(
    http: httpx2.AsyncClient, app: Header, change: dict[str, object]
) -> None:
    """Only the two events of an app's installs can be subscribed here."""
    answer = await http.post(SUBSCRIPTIONS, json=order(UNINSTALL) | change, headers=app)

    assert (400, "VALIDATION_ERROR") == (answer.status_code, answer.json()["category"])


@pytest.mark.parametrize("version", ["2026-03", "2026-09"])
async def test_an_install_and_an_uninstall_are_read_in_order(
    http: httpx2.AsyncClient,
    app: Header,
    subscribed: None,
    bearer: Header,
    clock: ManualClock,
    portal_id: int,
    version: str,
) -> None:
    """Earliest, then next by offset, then nothing newer; each page's file is as the contract shows it."""
    await http.post(f"/control/portals/{portal_id}/uninstall")
    journal = f"/webhooks-journal/journal/{version}"

    first = await http.get(f"{journal}/earliest", headers=app)
    second = await http.get(f"{journal}/offset/{first.json()['currentOffset']}/next", headers=app)
    end = await http.get(f"{journal}/offset/{second.json()['currentOffset']}/next", headers=app)

    now = int(clock.now() * 1000)
    assert [INSTALL] == await event_types(http, first)
    assert {
        "offset": second.json()["currentOffset"],
        "publishedAt": now,
        "journalEvents": [
            {
                "type": "app_lifecycle_event",
                "action": "APP_UNINSTALL",
                "portalId": portal_id,
                "occurredAt": now,
                "eventTypeId": UNINSTALL,
                "properties": {"hs_app_id": "77", "hs_app_install_level": "PORTAL"},
            }
        ],
    } == await file_at(http, second)
    assert (204, b"") == (end.status_code, end.content)
    latest = await http.get(f"{journal}/latest", headers=app)
    assert second.json()["currentOffset"] == latest.json()["currentOffset"]


async def test_an_empty_journal_has_no_page(http: httpx2.AsyncClient, app: Header) -> None:
    """Before anything happened, the earliest and the latest page are 204."""
    assert [204, 204] == [
        (await http.get(f"{JOURNAL}/{which}", headers=app)).status_code for which in ("earliest", "latest")
    ]


async def test_what_is_not_subscribed_is_not_written(
    http: httpx2.AsyncClient, app: Header, bearer: Header, portal_id: int
) -> None:
    """An uninstall before the subscription is not found later."""
    await http.post(f"/control/portals/{portal_id}/uninstall")
    await http.post(SUBSCRIPTIONS, json=order(UNINSTALL), headers=app)

    assert 204 == (await http.get(f"{JOURNAL}/earliest", headers=app)).status_code


async def pages(http: httpx2.AsyncClient) -> list[str]:
    """The event types in the journal, oldest first."""
    return [
        event["eventTypeId"]
        for page in (await http.get("/control/journal")).json()["pages"]
        for event in page["events"]
    ]


@pytest.mark.parametrize("push", [True, False])
async def test_the_app_s_own_uninstall_is_written_and_pushed(
    http: httpx2.AsyncClient, subscribed: None, bearer: Header, push: bool
) -> None:
    """`external-install` ends the install like any uninstall: journal always, push as switched."""
    await http.patch("/control/switches", json={"push_uninstall": push})

    await http.delete("/appinstalls/2026-09/external-install", headers=bearer)

    assert [INSTALL, UNINSTALL] == await pages(http)
    assert int(push) == len((await http.get("/control/deliveries")).json()["deliveries"])


async def test_the_page_s_button_writes_one_uninstall(
    http: httpx2.AsyncClient, subscribed: None, bearer: Header, portal_id: int
) -> None:
    """Pressed twice, the app is removed once."""
    for _ in range(2):
        await http.post(f"/connected-apps/{portal_id}/uninstall")

    assert [INSTALL, UNINSTALL] == await pages(http)


async def test_a_page_is_kept_three_days(
    http: httpx2.AsyncClient, app: Header, subscribed: None, bearer: Header, clock: ManualClock
) -> None:
    """A second before the end the offset is known, at the end it is 404, and so is one that never was."""
    offset = (await http.get(f"{JOURNAL}/earliest", headers=app)).json()["currentOffset"]
    clock.advance(RETENTION_SECONDS - 1)
    header = await _renewed(http)
    kept = await http.get(f"{JOURNAL}/offset/{offset}/next", headers=header)
    clock.advance(1)
    lost = await http.get(f"{JOURNAL}/offset/{offset}/next", headers=header)
    unknown = await http.get(f"{JOURNAL}/offset/0d5c1f4e-7a51-4f5b-8b5e-2a4c7a3f9d10/next", headers=header)

    assert [204, 404, 404] == [kept.status_code, lost.status_code, unknown.status_code]
    assert "OBJECT_NOT_FOUND" == lost.json()["category"]
    assert 204 == (await http.get(f"{JOURNAL}/earliest", headers=header)).status_code


async def _renewed(http: httpx2.AsyncClient) -> Header:
    return await app_header(http, {"client_id": "client-1", "client_secret": "secret-1"}, READ)


def test_a_full_journal_forgets_its_oldest_page(clock: ManualClock) -> None:
    """The journal is bounded, whatever happens within three days."""
    journal = Journal(77, clock)
    first = journal.publish([])
    for _ in range(MAX_PAGES):
        journal.publish([])

    assert MAX_PAGES == len(journal.pages)
    assert first not in journal.pages


async def test_a_link_opens_one_file_for_a_while(
    http: httpx2.AsyncClient, app: Header, subscribed: None, bearer: Header, clock: ManualClock
) -> None:
    """The link needs no token and bears none; changed or expired it is 403."""
    link = (await http.get(f"{JOURNAL}/earliest", headers=app)).json()["url"]
    later = str(httpx2.URL(link).copy_set_param("expires", "9999999999"))

    statuses = [(await http.get(url)).status_code for url in (link, later, link.replace("token=", "token=é"))]
    with_token = await http.get(link, headers=app)
    clock.advance(300)

    assert [200, 403, 403] == statuses
    assert 400 == with_token.status_code
    assert 403 == (await http.get(link)).status_code


async def test_the_place_tells_when_the_link_ends(
    http: httpx2.AsyncClient, app: Header, subscribed: None, bearer: Header
) -> None:
    """`expiresAt` is the end that the link itself carries, and the link is on this server."""
    place = (await http.get(f"{JOURNAL}/earliest", headers=app)).json()

    assert {"currentOffset", "expiresAt", "url"} == set(place)
    assert place["url"].startswith("http://hub.test/webhooks-journal-files/")
    assert {"expires", "token"} == {name for name, _ in parse_qsl(urlsplit(place["url"]).query)}
    assert place["expiresAt"].endswith("Z")


async def test_the_record_of_requests_hides_the_link_s_token(
    http: httpx2.AsyncClient, app: Header, subscribed: None, bearer: Header
) -> None:
    """Whoever reads the control API cannot read the file."""
    link = (await http.get(f"{JOURNAL}/earliest", headers=app)).json()["url"]
    await http.get(link)

    listed = await http.get("/control/requests", params={"path_prefix": "/webhooks-journal-files"})

    assert 1 == len(listed.json()["requests"])
    assert dict(parse_qsl(urlsplit(link).query))["token"] not in listed.text


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("GET", f"{JOURNAL}/latest", SUBSCRIBE), ("POST", SUBSCRIPTIONS, LIST), ("GET", SUBSCRIPTIONS, READ)],
)
async def test_each_route_needs_its_scope(
    http: httpx2.AsyncClient, client_form: dict[str, str], method: str, path: str, scope: str
) -> None:
    """Another scope of the journal is not enough, and the refusal names what is."""
    header = await app_header(http, client_form, scope)
    body = order(UNINSTALL) if method == "POST" else None

    answer = await http.request(method, path, headers=header, json=body)

    assert (403, "MISSING_SCOPES") == (answer.status_code, answer.json()["category"])
    assert answer.json()["errors"][0]["context"]["requiredGranularScopes"]


async def test_an_account_s_token_does_not_open_the_journal(
    http: httpx2.AsyncClient, bearer: Header, app: Header, clock: ManualClock
) -> None:
    """Only the app's own token does, while it lives; and it opens no account."""
    by_account = await http.get(f"{JOURNAL}/earliest", headers=bearer)
    without = await http.get(f"{JOURNAL}/earliest")
    account = await http.get("/account-info/2026-09/details", headers=app)
    clock.advance(1800)
    expired = await http.get(f"{JOURNAL}/earliest", headers=app)

    assert [403, 401, 401] == [by_account.status_code, without.status_code, account.status_code]
    assert (401, "EXPIRED_AUTHENTICATION") == (expired.status_code, expired.json()["category"])


async def test_the_journal_counts_on_no_limit(http: httpx2.AsyncClient, app: Header) -> None:
    """Two hundred reads within a moment all pass, without headers of a limit."""
    answers = [await http.get(f"{JOURNAL}/earliest", headers=app) for _ in range(200)]

    assert {204} == {answer.status_code for answer in answers}
    assert not [name for name in answers[-1].headers if "ratelimit" in name]


async def test_a_journal_that_is_off_goes_on_writing(
    http: httpx2.AsyncClient, app: Header, subscribed: None, bearer: Header, portal_id: int
) -> None:
    """Off it is 503 on every route; on again, what happened meanwhile is there."""
    link = (await http.get(f"{JOURNAL}/earliest", headers=app)).json()["url"]
    await http.patch("/control/switches", json={"journal": False})
    statuses = [(await http.get(path, headers=app)).status_code for path in (f"{JOURNAL}/earliest", SUBSCRIPTIONS)]
    statuses.append((await http.get(link)).status_code)
    await http.post(f"/control/portals/{portal_id}/uninstall")
    await http.patch("/control/switches", json={"journal": True})

    assert [503, 503, 503] == statuses
    assert [UNINSTALL] == await event_types(http, await http.get(f"{JOURNAL}/latest", headers=app))


async def test_a_test_can_publish_what_it_wants(http: httpx2.AsyncClient, app: Header) -> None:
    """Entries are published exactly as given, subscribed or not, and a lost subscription is gone from the list."""
    await http.post(SUBSCRIPTIONS, json=order(UNINSTALL), headers=app)
    events = [{"portalId": "not a number"}, None]
    published = await http.post("/control/journal", json={"events": events})
    lost = await http.delete("/control/journal/subscriptions")

    file = await file_at(http, await http.get(f"{JOURNAL}/earliest", headers=app))
    seen = (await http.get("/control/journal")).json()
    assert [201, 204] == [published.status_code, lost.status_code]
    assert events == file["journalEvents"]
    assert {"subscriptions": [], "pages": [published.json()]} == seen


async def test_a_reset_empties_the_journal(http: httpx2.AsyncClient, subscribed: None, bearer: Header) -> None:
    """Neither pages nor subscriptions outlive a reset."""
    await http.post("/control/reset")

    assert {"subscriptions": [], "pages": []} == (await http.get("/control/journal")).json()
