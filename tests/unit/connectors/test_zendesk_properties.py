"""What must hold for whatever Zendesk answers and whatever customers and agents write."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.connectors.helpdesks.zendesk import bodies, reading
from chalicelib.connectors.helpdesks.zendesk.export import touched_tickets
from chalicelib.connectors.helpdesks.zendesk.webhook import Receiver
from chalicelib.connectors.toolkit.api import ApiClient
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import CareloopError, PayloadError
from chalicelib.core.events import Visibility
from chalicelib.core.ids import Cursor, PersonId, PersonRef, TicketId, TicketRef
from chalicelib.core.ticket import Comment, TicketDraft
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext
from chalicelib.ports.services import HttpRequest, HttpResponse
from tests.fakes.clock import NOON, FrozenClock
from tests.unit.connectors.zendesk_desk import Desk, case_id

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
PERSON = PersonRef(helpdesk="support", person=PersonId("7"))
WORDS = st.text(
    st.sampled_from("ab {}%<>&\"'\n\t:/.htps?=#é😀") | st.characters(exclude_categories=["Cs"]), max_size=80
)


# -- nothing internal ever becomes public ------------------------------------------------------------------------------


@given(JSON)
@example("true")
@example(1)
@example(1.0)
@example([True])
@example({"public": True})
def test_only_true_is_public(value: Any) -> None:
    found = reading.visibility({"type": "Comment", "public": value})
    assert found is (Visibility.PUBLIC if value is True else Visibility.INTERNAL)


@given(st.dictionaries(st.sampled_from(["public", "type", "via", "is_public", "visibility"]), JSON))
def test_whatever_else_there_is_it_is_internal(data: dict[str, Any]) -> None:
    found = reading.visibility(data)
    if data.get("public") is not True or data.get("type") not in (None, "Comment"):
        assert found is Visibility.INTERNAL
    assert found in (Visibility.PUBLIC, Visibility.INTERNAL)


@given(JSON, JSON)
def test_an_entry_is_public_only_by_its_own_word(public: Any, via: Any) -> None:
    data = {"id": 5, "created_at": "2026-11-20T12:00:00Z", "author_id": 7, "public": public, "via": via, "body": "x"}
    entry = reading.entry(Reader(data, "comments[0]"))
    assert (entry.visibility is Visibility.PUBLIC) == (public is True and not reading.is_merge(data))


@given(st.sampled_from(Visibility), WORDS, st.booleans(), st.booleans())
def test_only_a_public_comment_is_sent_as_one(visibility: Visibility, body: str, authored: bool, reopen: bool) -> None:
    author = PERSON if authored else None
    comment = Comment(body=body, visibility=visibility, external_id="e", author=author, reopen=reopen)
    sent = bodies.update(comment, comment.author)["ticket"]["comment"]
    assert sent["public"] is (visibility is Visibility.PUBLIC)
    draft = TicketDraft(external_id=case_id(), requester=PERSON, subject="s", comment=comment)
    assert bodies.ticket(draft, {})["ticket"]["comment"]["public"] is (visibility is Visibility.PUBLIC)


@given(st.lists(st.tuples(st.sampled_from(["reply", "note", "customer", "ours", "said"]), st.booleans()), max_size=8))
def test_on_a_ticket_only_agents_public_replies_are_public(happenings: list[tuple[str, bool]]) -> None:
    desk = Desk()
    ticket = desk.open_ticket()
    wanted = []
    for number, (what, hidden) in enumerate(happenings):
        text = f"{what} {number}"
        if what == "reply":
            key = desk.twin.agent_reply(ticket.ticket, text)
            if hidden:
                desk.twin.make_private(ticket.ticket, key)
            else:
                wanted.append(text)
        elif what == "note":
            desk.twin.agent_note(ticket.ticket, text)
        elif what == "customer":
            desk.twin.customer_reply(ticket.ticket, text)
        else:
            visibility = Visibility.INTERNAL if what == "ours" else Visibility.PUBLIC
            author = None if what == "ours" else desk.person()
            desk.clock.advance(minutes=1)
            desk.client.add_comment(
                ticket, Comment(body=text, visibility=visibility, external_id=f"e{number}", author=author)
            )
    replies = desk.client.fetch_activity(ticket, None).replies
    assert [item.text for item in replies if item.visibility is Visibility.PUBLIC] == wanted
    assert all(item.visibility is Visibility.INTERNAL for item in replies if item.text not in wanted)


# -- words -------------------------------------------------------------------------------------------------------------


def _shown(markup: str) -> str:
    text = re.sub(r"<br>", "\n", markup)
    return html.unescape(re.sub(r"<[^>]*>", "", text))


@given(WORDS)
@example("https://a.example/{{x}}{% y %}")
@example("{{{{")
@example("http://x.example/&quot;'\"<b>")
def test_html_shows_exactly_the_words(text: str) -> None:
    markup = bodies.comment_html(text)
    assert _shown(markup) == text
    assert "{{" not in markup
    assert "{%" not in markup
    assert set(re.findall(r"<(/?[a-z]+)", markup)) <= {"p", "/p", "br", "a", "/a"}
    for address in re.findall(r'<a href="([^"]*)"', markup):
        assert address.startswith(("http://", "https://"))
        assert not re.search(r"[<>\s]", address)


@given(WORDS, WORDS, st.lists(WORDS, max_size=4))
def test_bodies_are_byte_stable(subject: str, text: str, tags: list[str]) -> None:
    comment = Comment(body=text, visibility=Visibility.PUBLIC, external_id=subject, author=PERSON)
    draft = TicketDraft(
        external_id=case_id(),
        requester=PERSON,
        subject=subject,
        comment=comment,
        tags=tuple(tags),
        follow_up_of=TicketRef(helpdesk="support", ticket=TicketId("5")),
        fields={"thread": text, "platform": subject},
    )
    turned = {"platform": subject, "thread": text}
    options = {"field.platform": "1", "field.thread": "2"}
    once = json.dumps(bodies.ticket(draft, options))
    again = TicketDraft(**{**{n: getattr(draft, n) for n in TicketDraft.__dataclass_fields__}, "fields": turned})
    assert json.dumps(bodies.ticket(again, options)) == once
    made = json.loads(once)["ticket"]
    assert len(made["subject"]) <= bodies.MOST_SUBJECT
    assert len(made["metadata"]["careloop"]) <= 200
    assert all(tag and not re.search(r"\s", tag) for tag in made["tags"])


# -- answers and webhooks ----------------------------------------------------------------------------------------------


class OneAnswer:
    """An HTTP port that always answers the same."""

    def __init__(self, answer: Any) -> None:
        self.body = json.dumps(answer).encode()

    def send(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, headers={}, body=self.body)


NAMES = st.sampled_from(
    ["ticket", "tickets", "comments", "users", "audits", "user", "audit", "events", "id", "type", "author_id", "role", "public", "meta",
     "has_more", "after_cursor", "via", "source", "rel", "from", "ticket_id", "tags", "status", "requester_id", "created_at", "external_id",
     "metadata", "custom", "careloop", "attachments", "end_of_stream", "generated_timestamp", "metric_set"]
)  # fmt: skip
VALUES = LEAVES | st.sampled_from(["merge", "agent", "Comment", "closed", "closed_by_merge", "2026-11-20T12:00:00Z", 5])
ANSWERS = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=25)


@given(ANSWERS)
def test_no_answer_gives_another_error_than_a_leaf(answer: Any) -> None:
    desk = Desk()
    client = desk.another_client(http=OneAnswer(answer))
    ticket = TicketRef(helpdesk="support", ticket=TicketId("1"))
    comment = Comment(body="x", visibility=Visibility.PUBLIC, external_id="e", author=PERSON)
    draft = TicketDraft(external_id=case_id(), requester=PERSON, subject="s", comment=comment)
    for call in (
        lambda: client.fetch_activity(ticket, None),
        lambda: client.find_ticket(case_id()),
        lambda: client.find_comment(ticket, "e"),
        lambda: client.add_comment(ticket, comment),
        lambda: client.create_ticket(draft),
        lambda: client.touched_since(None),
        client.probe,
    ):
        try:
            call()
        except PayloadError as error:
            raise AssertionError("a webhook's error from a call") from error
        except CareloopError:
            continue


@given(
    st.text(max_size=40)
    | st.integers().map(str)
    | st.tuples(st.integers(), st.text(max_size=9)).map(lambda t: f"{t[0]}|{t[1]}")
)
def test_any_cursor_is_taken(cursor: str) -> None:
    desk = Desk()
    found = desk.client.touched_since(Cursor(cursor))
    assert re.fullmatch(r"[0-9]+\|.*", found.cursor, re.DOTALL)
    ticket = desk.open_ticket()
    desk.client.fetch_activity(ticket, Cursor(cursor))


@given(
    JSON
    | st.dictionaries(
        st.sampled_from(["type", "ticket", "ticket_id", "id", "case", "detail", "event", "subject", "external_id"]),
        JSON,
    )
)
def test_any_webhook_gives_at_most_a_ticket_id(document: Any) -> None:
    request = WebhookRequest(
        method="POST",
        url="https://care.example/w",
        headers={},
        query={},
        body=json.dumps(document).encode(),
        received_at=NOON,
    )
    try:
        found = Receiver(ReceiverContext()).parse(VerifiedWebhook(request=request))
    except PayloadError:
        return
    assert all(re.fullmatch("[0-9]{1,20}", event.ticket) for event in found.events)
    assert len(found.events) + len(found.malformed) + len(found.ignored) == 1


@given(st.binary(max_size=60))
def test_any_bytes_are_taken(body: bytes) -> None:
    request = WebhookRequest(
        method="POST", url="https://care.example/w", headers={}, query={}, body=body, received_at=NOON
    )
    try:
        Receiver(ReceiverContext()).parse(VerifiedWebhook(request=request))
    except PayloadError:
        return


def test_the_export_is_bounded() -> None:
    clock, mark = FrozenClock(), base64.b64encode(b"x").decode()
    http = OneAnswer({"tickets": [], "after_cursor": mark, "end_of_stream": False})
    api = ApiClient(http, clock, "https://acme.zendesk.com/api/v2")
    found = touched_tickets(api, clock.now(), None, "careloop")
    assert found.more
    assert found.cursor.endswith(f"|{mark}")
