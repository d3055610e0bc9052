"""Request Tracker with Careloop's Scrip: what agents do is heard, once, signed, after the commit, and never stops them."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.connectors.helpdesks.rt.client import Client
from chalicelib.core.account import Connection, ConnectionKind
from chalicelib.core.ids import AuthorId, AuthorKey
from chalicelib.core.people import Author
from chalicelib.ports.helpdesk import HelpdeskContext
from tests.e2e.servers import browser
from tests.e2e.servers.browser import AgentBrowser
from tests.e2e.servers.installing import NotInstallable
from tests.e2e.servers.rt import CASE_FIELD, RequestTracker
from tests.e2e.servers.testing import fresh, skip_or_fail
from tests.e2e.servers.web import Api, Received, Receiver, UnexpectedAnswer
from tests.fakes.sessions import MemorySessions

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def rt(hook: Receiver) -> Iterator[RequestTracker]:
    with fresh(RequestTracker(instance="smoke"), hook_url=hook.url("/rt")) as server:
        yield server


@pytest.fixture
def ticket(rt: RequestTracker) -> int:
    return rt.bridge().create("Where is my parcel? 📦", "It was due on Monday ✓", CustomFields={CASE_FIELD: "C-1042"})


def hints(hook: Receiver, ticket: int) -> list[tuple[str, int]]:
    """(event, transaction) of each call about a ticket, in the order of arrival."""
    bodies = [received.json() for received in hook.received]
    return [(body["event"], body["transaction"]) for body in bodies if body["ticket"] == ticket]


def assert_signed(received: Received, secret: str) -> None:
    signed = received.headers["x-rt-timestamp"].encode() + b"." + received.body
    assert (
        received.headers["x-rt-signature"] == "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    )


def test_rt_knows_its_tokens_and_finds_a_ticket_by_its_case(rt: RequestTracker, ticket: int) -> None:
    assert Api(base=rt.api_url, headers={"Authorization": "token 1-1-00"}).call("GET", "/rt").status == 401
    assert ticket in rt.bridge().find(f"Queue = 'Social' AND CF.{{{CASE_FIELD}}} = 'C-1042'")
    assert rt.agent().field(ticket, CASE_FIELD) == ["C-1042"]
    with pytest.raises(UnexpectedAnswer, match="403"):
        rt.agent().create("nowhere", "text", queue="None such")


def test_rt_tells_ids_alone_signed_about_what_agents_do_and_nothing_about_the_bridge(
    rt: RequestTracker, hook: Receiver, ticket: int
) -> None:
    rt.bridge().reply(ticket, "any news?")
    rt.bridge().comment(ticket, "looks angry")
    reply = rt.agent().reply(ticket, "Sorry! It left today ✓")
    note = rt.agent().comment(ticket, "internal")
    rt.agent().update(ticket, Owner="agent", Status="stalled")
    told = hints(hook, ticket)
    assert [each for each in told if each[0] != "ticket.status"] == [
        ("ticket.correspond", reply),
        ("ticket.comment", note),
    ]
    assert rt.agent().history(ticket, "Status")[-1].id == told[-1][1]
    calls = [received for received in hook.received if received.json()["ticket"] == ticket]
    for received in calls:
        assert_signed(received, rt.hook_secret)
        assert set(received.json()) == {"event", "ticket", "transaction", "case"}
        assert received.json()["case"] == "C-1042"


def test_rt_goes_on_while_the_receiver_is_away_and_a_new_secret_counts_at_once(
    rt: RequestTracker, hook: Receiver, ticket: int
) -> None:
    hook.answer = lambda _: 503
    try:
        rt.agent().reply(ticket, "nobody hears this")
    finally:
        hook.answer = lambda _: 200
    rt.set_hook_secret("another secret")
    heard = rt.agent().reply(ticket, "but this")
    received = hook.wait_for(lambda each: each.json()["transaction"] == heard, "the second reply")
    assert_signed(received, "another secret")
    assert [entry.text for entry in rt.bridge().history(ticket, "Correspond")] == ["nobody hears this", "but this"]


def test_a_receiver_that_hangs_stops_no_agent_and_is_left_alone_for_a_while(
    rt: RequestTracker, hook: Receiver, ticket: int
) -> None:
    is_over = threading.Event()
    rt.start(hook_url=hook.url("/rt"), hook_pause=600, workers=1)
    hook.answer = lambda _: 200 if is_over.wait(60) else 500
    before = len(hook.received)
    try:
        for text in ("one", "two", "three"):
            rt.agent().reply(ticket, text)
    finally:
        is_over.set()
        hook.answer = lambda _: 200
    assert [entry.text for entry in rt.bridge().history(ticket, "Correspond")] == ["one", "two", "three"]
    hook.wait_for(lambda each: each.json()["ticket"] == ticket, "the one call")
    assert len(hook.received) == before + 1
    rt.start(hook_url=hook.url("/rt"))


def test_rt_leads_from_a_merged_ticket_to_the_survivor(rt: RequestTracker, ticket: int) -> None:
    survivor = rt.bridge().create("The same parcel", "text")
    rt.agent().merge(ticket, survivor)
    assert rt.bridge().ticket(ticket)["id"] == survivor
    rt.agent().resolve(ticket)
    assert rt.bridge().status(survivor) == "resolved"
    rt.agent().reopen(survivor)
    assert rt.bridge().status(ticket) == "open"


def test_rt_scrip_is_installed_once_and_says_what_is_missing(rt: RequestTracker) -> None:
    assert rt.run_install("--check") == 0
    assert rt.run_install("--remove") == 0
    assert rt.run_install("--check") == 1
    assert rt.run_install() == 0
    assert rt.run_install("--check") == 0


def test_an_agent_in_rts_pages_is_heard_only_after_the_commit(
    rt: RequestTracker, hook: Receiver, ticket: int, tmp_path: Path
) -> None:
    try:
        browser.install()
    except NotInstallable as error:
        skip_or_fail("the browser", error)
    seen: list[tuple[str, bool]] = []

    def look(received: Received) -> int:
        body = received.json()
        seen.append((body["event"], rt.has_committed(body["transaction"])))
        return 200

    hook.answer = look
    try:
        with AgentBrowser(rt, shots=tmp_path) as agent:
            agent.log_in()
            agent.open(ticket)
            agent.reply(ticket, "Typed in the browser ✓ 📦")
            agent.comment(ticket, "a note")
            agent.reply_quoting(ticket, "Above the quote")
            agent.resolve(ticket)
            assert "Typed in the browser ✓ 📦" in agent.text()
    finally:
        hook.answer = lambda _: 200
    names = [event for event, _ in seen]
    assert [name for name in names if name != "ticket.status"] == [
        "ticket.correspond",
        "ticket.comment",
        "ticket.correspond",
    ]
    assert names[-1] == "ticket.status"
    assert all(was_committed for _, was_committed in seen), seen
    replies = rt.bridge().history(ticket, "Correspond")
    assert [reply.creator for reply in replies] == ["agent", "agent"]
    assert "Typed in the browser ✓ 📦" in replies[0].text
    assert replies[1].text.index("Above the quote") < replies[1].text.index("<blockquote>")
    assert len(list(tmp_path.glob("*.png"))) >= 5


def test_rt_keeps_its_state_over_a_restart_and_loses_it_at_a_reset(rt: RequestTracker, ticket: int) -> None:
    port = rt.port()
    rt.restart()
    assert rt.port() == port
    assert rt.bridge().status(ticket) == "new"
    assert rt.is_running()


def test_rt_forgets_a_person(rt: RequestTracker) -> None:
    """Name, real name and notes go; the person's tickets stay theirs, and who writes again is somebody else."""
    options = {"base_url": rt.api_url.removesuffix("/REST/2.0"), "queue": "Social"}
    client = Client(
        HelpdeskContext(
            connection=Connection(kind=ConnectionKind.HELPDESK, name="desk", connector="rt", options=options),
            credentials={"token": rt.bridge_token},
            http=UrllibHttp(),
            clock=SystemClock(),
            sessions=MemorySessions(),
        )
    )
    key = AuthorKey(platform="facebook", author=AuthorId("880011"))
    author = Author(key=key, display_name="Kim Lee", profile_url="https://facebook.example/kim")
    person = client.ensure_person(author, None)
    assert "made anonymous and disabled" in client.erase_person(person)
    api = Api(base=rt.api_url, headers={"Authorization": f"token {rt.bridge_token}"})
    assert api.call("GET", "/user/facebook-880011").status == 404
    again = client.ensure_person(author, None)
    assert again == person
    assert "no user" not in client.erase_person(again)
    assert "no user" in client.erase_person(again)
