"""The `careloop` command as an operator types it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from careloop.cli.main import main
from careloop.local.application import open_application
from chalicelib.core.account import ConnectionKind
from tests.fakes.runtime import World

FACEBOOK = {
    "object": "page",
    "entry": [
        {
            "id": "104857600123456",
            "time": 1763790011,
            "changes": [
                {
                    "field": "feed",
                    "value": {
                        "item": "comment",
                        "verb": "add",
                        "comment_id": "122101234567890_998877665544332",
                        "post_id": "104857600123456_122101234567890",
                        "parent_id": "104857600123456_122101234567890",
                        "from": {"id": "7654321098765432", "name": "Dana Weber"},
                        "message": "My order never arrived",
                        "created_time": 1763790008,
                    },
                }
            ],
        }
    ],
}
KEYS = {
    "type", "platform", "account", "message_id", "author_id", "author_handle", "author_name", "text", "surface",
    "visibility", "in_reply_to", "thread", "sent_at", "attachments", "is_echo",
}  # fmt: skip


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


def parse(name: str, payload: Any, *more: str) -> list[dict[str, Any]]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    result = run("parse", name, "-", *more, stdin=body)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_parse_prints_each_event_as_one_line():
    [line] = parse("facebook", FACEBOOK)
    assert set(line) >= KEYS
    assert line["type"] == "message"
    assert line["platform"] == "facebook"
    assert line["account"] == "104857600123456"
    assert line["message_id"] == "122101234567890_998877665544332"
    assert line["author_id"] == "7654321098765432"
    assert line["author_name"] == "Dana Weber"
    assert line["text"] == "My order never arrived"
    assert line["surface"] == "comment"
    assert line["visibility"] == "public"
    assert line["in_reply_to"] == "104857600123456_122101234567890"
    assert line["thread"] == "104857600123456_122101234567890"
    assert line["sent_at"] == "2025-11-22T05:40:08Z"
    assert line["attachments"] == []
    assert line["is_echo"] is False


def test_metas_payloads_are_read_under_any_of_the_familys_names():
    assert parse("messenger", FACEBOOK) == parse("facebook", FACEBOOK)


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b"[" * 50_000])
def test_what_cannot_be_read_is_told_and_exits_0(body: bytes):
    [line] = parse("facebook", body)
    assert line["type"] == "malformed"
    assert line["path"]
    assert line["reason"]


def test_a_bad_entry_among_good_ones_is_told_beside_them():
    bad = json.loads(json.dumps(FACEBOOK["entry"][0]))
    del bad["changes"][0]["value"]["comment_id"]
    lines = parse("facebook", {"object": "page", "entry": [bad, *FACEBOOK["entry"]]})
    assert [line["type"] for line in lines] == ["message", "malformed"]
    assert lines[1]["path"].startswith("entry[0]")


def test_one_payload_per_line_is_understood(tmp_path: Path):
    file = tmp_path / "payloads.jsonl"
    file.write_text(json.dumps(FACEBOOK) + "\n" + json.dumps(FACEBOOK) + "\n")
    result = run("parse", "facebook", str(file))
    assert len(result.stdout.splitlines()) == 2


def test_a_helpdesks_hint_is_printed():
    [line] = parse("zendesk", {"ticket": "42", "case": ""})
    assert line["type"] == "helpdesk_hint"
    assert line["ticket"] == "42"


def test_an_unknown_connector_is_named_with_the_list_and_exits_2():
    result = run("parse", "myspace", "-", stdin="{}")
    assert result.exit_code == 2
    assert "unknown" in result.stderr
    assert "facebook" in result.stderr
    assert "zendesk" in result.stderr


def test_a_file_that_is_not_there_is_said():
    result = run("parse", "facebook", "/no/such/file")
    assert result.exit_code == 2
    assert "No such file" in result.output


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state.sqlite3")


def test_accounts_are_added_listed_and_shown_without_secrets(state: str):
    desk = run(
        "accounts", "add", "helpdesk", "zendesk", "zendesk", "--option", "subdomain=acme", "--endpoint", "zendesk",
        "--secrets", "-", "--local", state,
        stdin=json.dumps({"signing_secret": "sign-me", "email": "a@acme.example", "api_token": "token-of-the-desk"}),
    )  # fmt: skip
    assert desk.exit_code == 0, desk.output
    assert "/webhooks/helpdesk/zendesk/zendesk" in desk.output
    assert run("accounts", "add", "crm", "directory", "directory", "--local", state).exit_code == 0
    page = run(
        "accounts", "add", "platform", "facebook", "1234", "--title", "Acme", "--helpdesk", "zendesk", "--crm",
        "directory", "--endpoint", "meta", "--secrets", "-", "--local", state,
        stdin=json.dumps({"app_secret": "app-secret-1", "verify_token": "verify-1", "page_token": "page-token-1"}),
    )  # fmt: skip
    assert page.exit_code == 0, page.output
    listed = run("accounts", "list", "--local", state)
    assert "1234" in listed.output
    shown = run("accounts", "show", "facebook:1234", "--local", state)
    assert json.loads(shown.output)["title"] == "Acme"
    for output in (page.output, listed.output, shown.output):
        assert "app-secret-1" not in output
        assert "page-token-1" not in output
    app = open_application(Path(state))
    assert app.secrets.credentials(ConnectionKind.PLATFORM, "facebook", "1234") == {"page_token": "page-token-1"}
    assert set(app.secrets.verification(ConnectionKind.PLATFORM, "facebook", "meta")) == {"app_secret", "verify_token"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("helpdesk", "nodesk", "x"), "unknown helpdesk"),
        (("helpdesk", "zendesk", "x", "--option", "colour=red"), "unknown option colour"),
        (("platform", "facebook", "1"), "--helpdesk is needed"),
        (("platform", "facebook", "1", "--helpdesk", "none"), "none"),
    ],
)
def test_what_is_wrong_with_an_account_is_said(state: str, arguments: tuple[str, ...], words: str):
    result = run("accounts", "add", *arguments, "--secrets", "-", "--local", state, stdin='{"page_token": "t"}')
    assert result.exit_code == 1
    assert words in result.output


def test_secrets_are_never_taken_from_the_command_line(state: str):
    result = run("accounts", "add", "crm", "tryton", "t", "--secret", "x", "--local", state)
    assert result.exit_code == 2


def test_contacts_are_imported_and_bad_rows_told(state: str, tmp_path: Path):
    file = tmp_path / "contacts.csv"
    file.write_text(
        "contact_id,name,email\nKD-1,Dana Weber,dana@example.com\n,Nobody,\nKD-2,Kim Park,kim@example.com\n"
    )
    result = run("contacts", "import", str(file), "--local", state)
    assert result.exit_code == 0, result.output
    assert "2 contacts read, 2 new or changed, 1 rows left out" in result.output
    assert "line 3" in result.output
    again = run("contacts", "import", str(file), "--local", state)
    assert "0 new or changed" in again.output


def test_the_policy_is_checked_and_stored(state: str, tmp_path: Path):
    assert run("policy", "apply", "policies/care.toml", "--local", state).exit_code == 0
    assert "max_parts = 10" in run("policy", "show", "--local", state).output
    wrong = tmp_path / "care.toml"
    wrong.write_text("max_parts = 'many'\nreopn_public = { days = 1 }\n")
    result = run("policy", "apply", str(wrong), "--local", state)
    assert result.exit_code == 1
    assert "max_parts" in result.output
    assert "reopn_public" in result.output


def test_nothing_parked_and_no_ticket_are_said(state: str):
    assert "Nothing is parked" in run("parked", "list", "--local", state).output
    assert run("parked", "show", "p-1", "--local", state).exit_code == 1
    assert run("parked", "release", "p-1", "--local", state).exit_code == 1
    assert run("why", "42", "--local", state).exit_code == 1


def test_help_names_every_command():
    result = run("--help")
    assert result.exit_code == 0
    for name in ("parse", "accounts", "contacts", "parked", "why", "sandbox", "demo", "policy"):
        assert name in result.output


def test_why_tells_the_story_of_a_ticket():
    from rich.console import Console

    from careloop.cli.why import print_story
    from chalicelib.pipeline.why import story

    world = World()
    world.arrive(world.message())
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    found = story(world.runtime, world.ticket.ref)
    assert found is not None
    console = Console(record=True, width=160, file=io.StringIO())
    print_story(found, console)
    text = console.export_text()
    assert "ticketed" in text
    assert "posted" in text
    assert "https://agora.example/our-1" in text
