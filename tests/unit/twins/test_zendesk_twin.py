"""The Zendesk twin answers as Zendesk's documentation says, refusals included."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from careloop.twins.base import TwinRequest
from careloop.twins.zendesk import ZendeskTwin
from careloop.twins.zendesk_hooks import MOST_ATTEMPTS
from careloop.twins.zendesk_people import Refused
from careloop.twins.zendesk_world import VIA_API, to_markup, to_plain
from chalicelib.connectors.helpdesks.zendesk.webhook import REASONS, Receiver
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.webhook import VerifiedWebhook, WebhookRequest
from chalicelib.ports.receiver import ReceiverContext
from tests.fakes.clock import FrozenClock

CASE = "case-abcdefghij2345672345"
SECRET = "dGhlLXNlY3JldA=="
HOOK = "https://care.example/webhooks/helpdesk/zendesk/main"
LOGIN = {"authorization": "Basic " + base64.b64encode(b"careloop@acme.example/token:twin-api-token-1").decode()}


class Account:
    """A twin, called by raw HTTP."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.delivered: list[tuple[Mapping[str, str], bytes]] = []
        self.answers: list[int] = []
        self.twin = ZendeskTwin(self.clock, deliver=self._deliver)

    def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        assert (method, url) == ("POST", HOOK)
        self.delivered.append((headers, body))
        return (self.answers.pop(0) if self.answers else 200), b""

    def call(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        headers: Mapping[str, str] = LOGIN,
        page: Mapping[str, str] | None = None,
        **query: str,
    ) -> tuple[int, Any, Mapping[str, str]]:
        body = data if isinstance(data, bytes) else b"" if data is None else json.dumps(data).encode()
        paged = {f"page[{name}]": value for name, value in (page or {}).items()}
        answer = self.twin.handle(
            TwinRequest(method=method, path=f"/api/v2{path}", query={**query, **paged}, headers=headers, body=body)
        )
        return answer.status, json.loads(answer.body) if answer.body else None, answer.headers

    def customer(self) -> int:
        user = {"user": {"name": "Kim", "external_id": "facebook:1", "skip_verify_email": True}}
        return int(self.call("POST", "/users/create_or_update", user)[1]["user"]["id"])

    def ticket(self, **more: Any) -> int:
        kim = self.customer()
        comment = {"body": "Where is it?", "public": True, "author_id": kim}
        data = {"requester_id": kim, "submitter_id": kim, "external_id": CASE, "tags": ["careloop"], "comment": comment}
        return int(self.call("POST", "/tickets", {"ticket": {**data, **more}})[1]["ticket"]["id"])

    def update(self, ticket: int, **change: Any) -> tuple[int, Any, Mapping[str, str]]:
        return self.call("PUT", f"/tickets/{ticket}", {"ticket": change})

    def comments(self, ticket: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/tickets/{ticket}/comments")[1]["comments"]
        return found

    def hints(self) -> list[HelpdeskHint]:
        """What our receiver makes of what was delivered; signatures checked."""
        receiver = Receiver(ReceiverContext(secrets={"signing_secret": (SECRET,)}))
        found: list[HelpdeskHint] = []
        for headers, body in self.delivered:
            request = WebhookRequest(
                method="POST", url=HOOK, headers=headers, query={}, body=body, received_at=self.clock.now()
            )
            receiver.verify(request)
            found += receiver.parse(VerifiedWebhook(request=request)).events
        self.delivered.clear()
        return found


# -- access and limits -------------------------------------------------------------------------------------------------


def test_a_login_is_needed() -> None:
    account = Account()
    wrong = {"authorization": "Basic " + base64.b64encode(b"careloop@acme.example:twin-api-token-1").decode()}
    for headers in (wrong, {"authorization": "Basic !!!"}, {"authorization": "Bearer "}, {"authorization": "Bearer x"}):
        status, body, _ = account.call("GET", "/tickets/count", headers=headers)
        assert (status, body) == (401, {"error": "Couldn't authenticate you"})
    assert account.call("GET", "/tickets/count", headers={})[0] == 401
    status, body, _ = account.call("GET", "/users/me", headers={})
    assert (status, body["user"]["id"]) == (200, None), "nobody is the anonymous user"
    assert account.call("GET", "/users/me")[1]["user"]["role"] == "admin"


def test_what_is_no_json_or_no_place() -> None:
    account = Account()
    assert account.call("POST", "/tickets", b"{")[0] == 400
    assert account.call("POST", "/tickets", [1])[0] == 400
    assert account.call("POST", "/tickets", {"something": 1})[0] == 400
    assert account.call("GET", "/nothing")[1]["error"] == "InvalidEndpoint"
    assert account.call("PATCH", "/tickets/1001")[0] == 404
    assert account.call("GET", "/tickets/77")[1] == {"error": "RecordNotFound", "description": "Not found"}


def test_both_spellings_of_a_path() -> None:
    account = Account()
    ticket = account.ticket()
    assert account.call("GET", f"/tickets/{ticket}.json")[0] == 200


def test_the_accounts_limit() -> None:
    account = Account()
    assert account.call("GET", "/tickets/count")[2]["x-rate-limit-remaining"] == "699"
    for _ in range(699):
        account.call("GET", "/tickets/count")
    status, body, headers = account.call("GET", "/tickets/count")
    assert (status, headers["retry-after"]) == (429, "60")
    assert body["error"] == "APIRateLimitExceeded"
    account.clock.advance(seconds=60)
    assert account.call("GET", "/tickets/count")[0] == 200


def test_thirty_updates_of_a_ticket_in_ten_minutes() -> None:
    account = Account()
    ticket, other = account.ticket(), account.ticket()
    for number in range(30):
        assert account.update(ticket, comment={"body": f"n{number}"})[0] == 200
        account.clock.advance(seconds=10)
    status, _, headers = account.update(ticket, comment={"body": "n"})
    assert (status, headers["retry-after"]) == (429, "300")
    assert account.update(other, comment={"body": "n"})[0] == 200
    assert account.twin.agent_reply(ticket, "agents have their own account")


# -- people ------------------------------------------------------------------------------------------------------------


def test_create_or_update() -> None:
    account = Account()
    given = {"name": "Kim", "external_id": "facebook:1", "email": "kim@example.com"}
    status, body, headers = account.call("POST", "/users/create_or_update", {"user": given})
    number = body["user"]["id"]
    assert (status, headers["location"]) == (201, f"/api/v2/users/{number}.json")
    upper = {"name": "Kim Lee", "external_id": "FACEBOOK:1"}
    status, body, _ = account.call("POST", "/users/create_or_update", {"user": upper})
    assert (status, body["user"]["id"], body["user"]["external_id"]) == (200, number, "FACEBOOK:1")
    by_mail = {"name": "Someone", "external_id": "x:2", "email": "KIM@example.com"}
    taken = account.call("POST", "/users/create_or_update", {"user": by_mail})[1]["user"]
    assert (taken["id"], taken["external_id"]) == (number, "x:2"), "an address takes a user over"
    assert account.call("POST", "/users/create_or_update", {"user": {"name": " ", "external_id": "x:9"}})[0] == 422
    assert account.call("GET", "/users/search", external_id="X:2")[1]["users"][0]["id"] == number
    assert account.call("GET", "/users/search", external_id="x:3")[1]["users"] == []
    assert account.call("GET", f"/users/{number}")[1]["user"]["name"] == "Someone"


def test_an_address_belongs_to_one_user() -> None:
    account = Account()
    kim = account.customer()
    identity = {"identity": {"type": "email", "value": "kim@example.com", "skip_verify_email": True}}
    assert account.call("POST", f"/users/{kim}/identities", identity)[0] == 201
    other = account.twin.world.add_user("Lee")["id"]
    assert account.call("POST", f"/users/{other}/identities", identity)[0] == 422


# -- tickets -----------------------------------------------------------------------------------------------------------


def test_idempotent_creation() -> None:
    account = Account()
    kim = account.customer()
    body = {"ticket": {"requester_id": kim, "comment": {"body": "x"}}}
    headers = {**LOGIN, "idempotency-key": "k1"}
    status, first, answered = account.call("POST", "/tickets", body, headers=headers)
    assert (status, answered["x-idempotency-lookup"]) == (201, "miss")
    _, again, answered = account.call("POST", "/tickets", body, headers=headers)
    assert (again["ticket"]["id"], answered["x-idempotency-lookup"]) == (first["ticket"]["id"], "hit")
    status, refusal, _ = account.call(
        "POST", "/tickets", {"ticket": {**body["ticket"], "subject": "y"}}, headers=headers
    )
    assert (status, refusal["error"]) == (400, "IdempotentRequestError")
    account.clock.advance(hours=2)
    _, third, answered = account.call("POST", "/tickets", body, headers=headers)
    assert (third["ticket"]["id"] == first["ticket"]["id"], answered["x-idempotency-lookup"]) == (False, "miss")
    assert "x-idempotency-lookup" not in account.call("POST", "/tickets", body)[2]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"comment": None}, "base"),
        ({"comment": {"body": "  "}}, "base"),
        ({"requester_id": 7}, "requester"),
        ({"comment": {"body": "x", "author_id": 7}}, "author"),
        ({"subject": "s" * 151}, "subject"),
        ({"comment": {"body": "x", "uploads": ["nothing"]}}, "uploads"),
    ],
)
def test_refused_creations(change: dict[str, Any], field: str) -> None:
    account = Account()
    body = {"ticket": {"requester_id": account.customer(), "comment": {"body": "x"}, **change}}
    status, refusal, _ = account.call("POST", "/tickets", body)
    assert (status, refusal["error"], list(refusal["details"])) == (422, "RecordInvalid", [field])
    assert account.call("GET", "/tickets/count")[1]["count"]["value"] == 0


def test_tickets_by_external_id_may_be_several() -> None:
    account = Account()
    tickets = [account.ticket(), account.ticket()]
    account.ticket(external_id="another")
    assert [item["id"] for item in account.call("GET", "/tickets", external_id=CASE)[1]["tickets"]] == tickets


def test_comments_of_a_ticket_whose_first_is_private_are_private() -> None:
    account = Account()
    public = account.ticket()
    private = account.ticket(comment={"body": "x", "public": False})
    for ticket in (public, private):
        account.update(ticket, comment={"body": "unsaid"})
        account.update(ticket, comment={"body": "said", "public": True})
    assert [item["public"] for item in account.comments(public)] == [True, True, True]
    assert [item["public"] for item in account.comments(private)] == [False, False, True]


def test_an_agents_token_does_not_reopen_but_a_customer_does() -> None:
    account = Account()
    ticket = account.ticket()
    account.twin.solve(ticket)
    _, body, _ = account.update(ticket, comment={"body": "hello", "author_id": account.customer()})
    assert body["ticket"]["status"] == "solved"
    account.twin.customer_reply(ticket, "hello?")
    assert account.call("GET", f"/tickets/{ticket}")[1]["ticket"]["status"] == "open"
    assert account.update(ticket, status="perfect")[0] == 422


def test_closed_is_final() -> None:
    account = Account()
    ticket = account.ticket()
    reply = account.twin.agent_reply(ticket, "x")
    account.twin.close(ticket)
    status, body, _ = account.update(ticket, comment={"body": "hello"})
    assert status == 422
    assert body["details"]["status"][0]["description"] == "Status: closed prevents ticket update"
    with pytest.raises(Refused):
        account.twin.agent_reply(ticket, "too late")
    with pytest.raises(Refused):
        account.twin.redact(ticket, reply, "x")


def test_follow_ups_of_closed_tickets_only() -> None:
    account = Account()
    first = account.ticket(tags=["vip", "careloop"])
    ignored = account.ticket(via_followup_source_id=first, tags=[])
    account.twin.close(first)
    inherits = account.call("POST", "/tickets", {"ticket": {"comment": {"body": "x"}, "via_followup_source_id": first}})
    replaces = account.ticket(via_followup_source_id=first, tags=["own"])
    shown = {item["id"]: item for item in account.twin.snapshot()["tickets"]}
    assert shown[ignored]["followup_source_id"] is None
    assert shown[inherits[1]["ticket"]["id"]]["tags"] == ["careloop", "vip"]
    assert shown[replaces]["tags"] == ["own"]
    via = account.call("GET", f"/tickets/{replaces}")[1]["ticket"]["via"]
    assert (via["source"]["rel"], via["source"]["from"]["ticket_id"]) == ("follow_up", first)


def test_metadata_stands_in_the_audit_and_with_the_comment() -> None:
    account = Account()
    ticket = account.ticket()
    _, body, _ = account.update(ticket, comment={"body": "x"}, metadata={"careloop": "e1"})
    assert body["audit"]["metadata"]["custom"] == {"careloop": "e1"}
    comment = next(item for item in body["audit"]["events"] if item["type"] == "Comment")
    audits = account.call("GET", f"/tickets/{ticket}/audits")[1]["audits"]
    assert audits[-1]["id"] == body["audit"]["id"] == account.comments(ticket)[-1]["audit_id"]
    assert account.comments(ticket)[-1]["id"] == comment["id"]
    assert account.comments(ticket)[-1]["metadata"]["custom"] == {"careloop": "e1"}
    account.update(ticket, metadata={"careloop": "e2"})
    assert len(account.call("GET", f"/tickets/{ticket}/audits")[1]["audits"]) == len(audits), "no change, no audit"


def test_safe_update() -> None:
    account = Account()
    ticket = account.ticket()
    seen = account.call("GET", f"/tickets/{ticket}")[1]["ticket"]["updated_at"]
    account.clock.advance(seconds=5)
    assert account.update(ticket, priority="high", safe_update=True, updated_stamp=seen)[0] == 200
    status, body, _ = account.update(ticket, priority="low", safe_update=True, updated_stamp=seen)
    assert (status, body["error"]) == (409, "UpdateConflict")


def test_tags() -> None:
    account = Account()
    ticket = account.ticket()
    path = f"/tickets/{ticket}/tags"
    assert account.call("PUT", path, {"tags": ["VIP", "two words"]})[1]["tags"] == ["careloop", "two", "vip", "words"]
    assert account.call("DELETE", path, {"tags": ["vip", "two", "words"]})[1]["tags"] == ["careloop"]
    status, body, _ = account.call("POST", path, {"tags": ["own"]})
    assert (status, body["tags"]) == (201, ["own"])
    account.update(ticket, tags="a b")
    assert account.call("GET", path)[1]["tags"] == ["a", "b"]


def test_pages_sorting_and_users_beside() -> None:
    account = Account()
    ticket = account.ticket()
    for number in range(4):
        account.twin.agent_note(ticket, f"n{number}")
    path = f"/tickets/{ticket}/comments"

    def page(after: str | None) -> Any:
        place = {"size": "2", **({"after": after} if after else {})}
        return account.call("GET", path, sort="-created_at", include="users", page=place)[1]

    first = page(None)
    assert [item["body"] for item in first["comments"]] == ["n3", "n2"]
    assert [user["role"] for user in first["users"]] == ["agent"]
    second = page(first["meta"]["after_cursor"])
    last = page(second["meta"]["after_cursor"])
    assert [item["body"] for item in last["comments"]] == ["Where is it?"]
    assert (second["meta"]["has_more"], last["meta"]["has_more"]) == (True, False)
    assert account.call("GET", path, page={"size": "many"})[0] == 400


def test_making_private_and_redacting() -> None:
    account = Account()
    ticket = account.ticket()
    reply = account.twin.agent_reply(ticket, html="<p>Card 4111<br>Bye</p>")
    assert account.call("PUT", f"/tickets/{ticket}/comments/{reply}/make_private")[0] == 200
    assert account.call("PUT", f"/tickets/{ticket}/comments/{reply}/redact", {"text": "4111"})[0] == 200
    found = account.comments(ticket)[-1]
    assert (found["public"], found["plain_body"]) == (False, "Card ▇▇▇▇\nBye")
    assert account.call("PUT", f"/tickets/{ticket}/comments/1/make_private")[0] == 404


def test_merging() -> None:
    account = Account()
    source, target = account.ticket(subject="Parcel"), account.ticket(subject="Box")
    assert account.call("POST", f"/tickets/{target}/merge", {"ids": [source]})[1]["job_status"]["status"] == "completed"
    shown = account.call("GET", f"/tickets/{source}")[1]["ticket"]
    assert shown["status"] == "closed"
    assert "closed_by_merge" in shown["tags"]
    lost, won = account.comments(source)[-1], account.comments(target)[-1]
    assert lost["body"] == f'This request was closed and merged into request #{target} "Box".'
    assert lost["via"]["source"] == {"from": {"ticket_id": target, "subject": "Box"}, "to": {}, "rel": "merge"}
    assert won["via"]["source"] == {"from": {"ticket_ids": [source]}, "to": {}, "rel": "merge"}
    assert won["body"].startswith(f'Request #{source} "Parcel" was closed and merged into this request.')
    assert not lost["public"]
    assert not won["public"]
    assert account.call("POST", f"/tickets/{target}/merge", {"ids": [source]})[0] == 422
    assert account.call("POST", f"/tickets/{target}/merge", {"ids": [target]})[0] == 422


def test_deleted_tickets_are_gone() -> None:
    account = Account()
    ticket = account.ticket()
    assert account.call("DELETE", f"/tickets/{ticket}")[0] == 204
    assert account.call("GET", f"/tickets/{ticket}")[0] == 404
    assert account.update(ticket, comment={"body": "x"})[0] == 404


def test_uploads() -> None:
    account = Account()
    headers = {**LOGIN, "content-type": "image/png"}
    status, body, _ = account.call("POST", "/uploads", b"PNG", headers=headers, filename="map.png")
    token = body["upload"]["token"]
    assert (status, body["upload"]["attachment"]["size"]) == (201, 3)
    account.call("POST", "/uploads", b"PNG2", headers=headers, filename="b.png", token=token)
    ticket = account.ticket(comment={"body": "x", "uploads": [token]})
    assert [item["file_name"] for item in account.comments(ticket)[0]["attachments"]] == ["map.png", "b.png"]
    assert account.update(ticket, comment={"body": "x", "uploads": [token]})[0] == 422, "a token is used once"
    assert account.call("POST", "/uploads", b"x")[0] == 400
    other = account.call("POST", "/uploads", b"x", filename="a.txt")[1]["upload"]["token"]
    assert account.call("DELETE", f"/uploads/{other}")[0] == 204
    assert account.call("DELETE", f"/uploads/{other}")[0] == 404


def test_too_many_comments() -> None:
    account = Account()
    ticket = account.ticket()
    some = account.twin.world.comments(ticket)
    some += some * 4999
    assert account.update(ticket, comment={"body": "one more"})[0] == 422
    assert account.update(ticket, priority="high")[0] == 200


# -- export ------------------------------------------------------------------------------------------------------------


def test_the_export_leaves_out_the_last_minute() -> None:
    account = Account()
    path = "/incremental/tickets/cursor"
    start = str(int(account.clock.now().timestamp()) - 3600)
    first = account.ticket()
    account.clock.advance(seconds=59)
    second = account.ticket()
    assert account.call("GET", path, start_time=start)[1]["tickets"] == []
    account.clock.advance(seconds=1)
    _, page, _ = account.call("GET", path, start_time=start)
    assert [item["id"] for item in page["tickets"]] == [first]
    account.clock.advance(seconds=60)
    account.twin.solve(first)
    account.clock.advance(seconds=60)
    _, page, _ = account.call("GET", path, cursor=page["after_cursor"], per_page="1")
    assert ([item["id"] for item in page["tickets"]], page["end_of_stream"]) == ([second], False)
    _, page, _ = account.call("GET", path, cursor=page["after_cursor"])
    assert ([item["id"] for item in page["tickets"]], page["end_of_stream"]) == ([first], True)
    assert account.call("GET", path, cursor=page["after_cursor"])[1]["tickets"] == []
    account.twin.export_repeats = True
    assert [item["id"] for item in account.call("GET", path, cursor=page["after_cursor"])[1]["tickets"]] == [first]


def test_the_export_refuses() -> None:
    account = Account()
    path = "/incremental/tickets/cursor"
    now = int(account.clock.now().timestamp())
    assert account.call("GET", path, start_time=str(now - 59))[1]["error"] == "StartTimeTooRecent"
    assert account.call("GET", path)[0] == 422
    assert account.call("GET", path, cursor="lost")[0] == 400
    assert account.call("GET", path, start_time="soon")[0] == 400
    for _ in range(6):
        account.call("GET", path, start_time="0")
    assert account.call("GET", path, start_time="0")[0] == 429
    account.clock.advance(minutes=1)
    account.twin.world.data["users"][str(account.twin.integration)]["role"] = "agent"
    assert account.call("GET", path, start_time="0")[0] == 403


# -- webhooks ----------------------------------------------------------------------------------------------------------


def test_the_trigger_tells_of_agents_and_not_of_the_api() -> None:
    account = Account()
    account.twin.add_webhook(HOOK, SECRET)
    ticket = account.ticket()
    account.update(ticket, comment={"body": "by the API"})
    account.ticket(tags=["foreign"])
    assert account.twin.pending == 0
    account.twin.agent_reply(ticket, 'She said "hi"\n')
    account.twin.agent_note(ticket, "/private")
    account.twin.solve(ticket)
    assert account.twin.flush() == 3
    assert account.hints() == [HelpdeskHint(ticket=str(ticket), reason="trigger", case=CASE)] * 3  # type: ignore[arg-type]
    assert account.twin.flush() == 0


def test_a_template_with_words_breaks_and_still_names_the_ticket() -> None:
    account = Account()
    template = '{"ticket":"{{ticket.id}}","who":"{{current_user.role}}","said":"{{ticket.latest_public_comment_html}}","x":"{{x.y}}"}'
    account.twin.add_webhook(HOOK, SECRET, template=template, tag=None)
    ticket = account.ticket(tags=[])
    account.twin.agent_reply(ticket, "x")
    account.twin.flush()
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(account.delivered[0][1])
    assert [hint.ticket for hint in account.hints()] == [str(ticket)]


def test_subscriptions_tell_of_everything_the_api_included() -> None:
    account = Account()
    kinds = [f"zen:event-type:{name}" for name in REASONS]
    account.twin.add_webhook(HOOK, SECRET, subscriptions=kinds)
    ticket, survivor = account.ticket(), account.ticket(external_id=None)
    account.twin.flush()
    assert account.hints() == [], "the customer's own words are nothing to read"
    reply = account.twin.agent_reply(ticket, "Hello", status="pending")
    account.twin.make_private(ticket, reply)
    account.twin.redact(ticket, reply, "Hello")
    account.twin.merge(ticket, survivor)
    account.twin.delete(ticket)
    account.twin.flush()
    told = [(hint.reason, hint.ticket == str(ticket)) for hint in account.hints()]
    assert told == [
        ("comment_added", True),
        ("status_changed", True),
        ("comment_made_private", True),
        ("comment_redacted", True),
        ("comment_added", True),
        ("status_changed", True),
        ("merged", True),
        ("comment_added", False),
        ("deleted", True),
    ]


def test_an_events_envelope() -> None:
    account = Account()
    account.twin.add_webhook(HOOK, SECRET, subscriptions=["zen:event-type:ticket.comment_added"])
    ticket = account.ticket()
    reply = account.twin.agent_reply(ticket, "Hello")
    account.twin.flush()
    sent = json.loads(account.delivered[-1][1])
    assert sent["type"] == "zen:event-type:ticket.comment_added"
    assert (sent["subject"], sent["zendesk_event_version"]) == (f"zen:ticket:{ticket}", "2022-11-06")
    assert (sent["detail"]["id"], sent["detail"]["status"], sent["detail"]["assignee_id"]) == (str(ticket), "NEW", "")
    author = {"id": str(account.twin.agent), "is_staff": True, "name": "Ana Agent"}
    assert sent["event"]["comment"] == {"id": str(reply), "body": "Hello", "is_public": True, "author": author}


def test_deliveries_are_repeated_and_given_up() -> None:
    account = Account()
    account.twin.add_webhook(HOOK, SECRET)
    ticket = account.ticket()
    account.twin.agent_reply(ticket, "x")
    account.answers = [503, 409, 0]
    assert [account.twin.flush() for _ in range(MOST_ATTEMPTS)] == [0, 0, 0, 1]
    invocations = {headers["x-zendesk-webhook-invocation-id"] for headers, _ in account.delivered}
    assert len(invocations) == MOST_ATTEMPTS
    assert len({body for _, body in account.delivered}) == 1
    account.twin.agent_reply(ticket, "y")
    account.answers = [500] * MOST_ATTEMPTS
    assert sum(account.twin.flush() for _ in range(MOST_ATTEMPTS + 1)) == 0
    account.twin.agent_reply(ticket, "z")
    account.answers = [401]
    account.twin.flush()
    assert account.twin.pending == 0
    assert [item["status"] for item in account.twin.hooks.data["failed"]] == [500, 401]


def test_a_late_delivery_is_signed_anew() -> None:
    account = Account()
    account.twin.add_webhook(HOOK, SECRET)
    account.twin.agent_reply(account.ticket(), "x")
    account.clock.advance(hours=1)
    account.twin.flush()
    assert len(account.hints()) == 1


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_a_world_survives_a_dump() -> None:
    account = Account()
    account.twin.add_webhook(HOOK, SECRET)
    ticket = account.ticket()
    account.twin.agent_reply(ticket, "Hello")
    kept = json.loads(json.dumps(account.twin.dump()))
    other = Account()
    other.twin.load(kept)
    assert other.twin.dump() == kept
    assert other.twin.snapshot() == account.twin.snapshot()
    other.twin.agent_reply(ticket, "Again")
    assert other.twin.flush() == 2
    assert account.twin.dump() == kept, "no piece is shared"
    assert other.ticket() == ticket + 1


def test_a_snapshot_is_plain_data() -> None:
    account = Account()
    ticket = account.ticket(subject="Parcel")
    agent = account.twin.add_agent("Ben")
    account.twin.agent_note(ticket, "Look", agent=agent)
    shown = json.loads(json.dumps(account.twin.snapshot()))["tickets"][0]
    assert (shown["subject"], shown["status"], shown["requester"]["name"]) == ("Parcel", "new", "Kim")
    assert [(item["author"], item["role"], item["public"], item["text"]) for item in shown["comments"]] == [
        ("Kim", "end-user", True, "Where is it?"),
        ("Ben", "agent", False, "Look"),
    ]


def test_ids_and_times_are_the_same_on_every_run() -> None:
    first, second = Account(), Account()
    for account in (first, second):
        account.twin.agent_reply(account.ticket(), "x")
    assert first.twin.dump() == second.twin.dump()
    assert first.twin.snapshot()["tickets"][0]["created_at"] == "2026-11-20T12:00:00Z"


def test_words_and_markup() -> None:
    assert to_plain("<p>a<br>b</p><p>&lt;c&gt; <b>d</b></p>") == "a\nb\n\n<c> d"
    assert to_plain(to_markup("1 < 2\n& 3")) == "1 < 2\n& 3"


def test_without_somebody_to_deliver_to_everything_waits() -> None:
    twin = ZendeskTwin(FrozenClock())
    twin.add_webhook(HOOK, SECRET)
    kim = int(twin.world.add_user("Kim")["id"])
    given = {"requester_id": kim, "tags": ["careloop"], "comment": {"body": "x", "author_id": kim}}
    ticket, _ = twin.desk.create(given, twin.integration, VIA_API)
    twin.agent_reply(ticket["id"], "x")
    assert twin.flush() == 0
    assert twin.pending == 1
