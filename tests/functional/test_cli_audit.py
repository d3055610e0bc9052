"""`careloop audit` as an operator types it."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from careloop.cli.main import main
from careloop.cli.times import moment
from careloop.local.application import open_application
from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.disposition import Disposition, Outcome
from chalicelib.core.ids import AccountId, AccountKey, EventKey
from chalicelib.ports.stores import CompleteEvent

LINE = AccountKey(platform="line", account=AccountId("U1"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["audit", *arguments])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """An account whose platform has no list, with two events: one is noise, one was never finished."""
    file = tmp_path / "state.sqlite3"
    app = open_application(file)
    stores = app.runtime.stores
    stores.directory.put_account(Account(key=LINE, title="Acme", helpdesk="desk"))
    long_ago = app.runtime.clock.now() - timedelta(hours=2)
    for number in (1, 2):
        key = EventKey(f"message|{LINE}:{number}")
        stores.ledger.claim(key, account=LINE, owner="w", now=long_ago, lease=timedelta(minutes=1), archived_at=None)
        if number == 1:
            noise = Disposition(outcome=Outcome.NOISE, reason="a sticker")
            stores.transactions.commit(CompleteEvent(key=key, owner="w", disposition=noise, at=long_ago))
    return file


def test_an_audit_is_printed_and_kept_and_fails_where_somebody_was_met_with_silence(state: Path):
    result = run("--since", "24h", "--local", str(state))
    assert result.exit_code == 1
    assert "line:U1" in result.output
    assert "STUCK" in result.output
    assert "a sticker" in result.output
    assert "100.0 %" in result.output
    listed = run("list", "--local", str(state))
    assert "line:U1" in listed.output


def test_json_says_the_same(state: Path):
    result = run("--since", "24h", "--account", "line:U1", "--json", "--local", str(state))
    line = json.loads(result.stdout)
    assert line["counts"] == {"noise": 1, "stuck": 1}
    assert (line["total"], line["exceptions"], line["unaccounted"], line["intact"]) == (2, 1, 1, True)
    assert result.exit_code == 1


def test_an_account_whose_platform_has_no_list_is_named(state: Path):
    app = open_application(state)
    app.secrets.put_credentials(ConnectionKind.PLATFORM, "line", "U1", {"channel_access_token": "t"})
    result = run("--since", "30m", "--local", str(state))
    assert "Can't be audited: LINE has no list" in " ".join(result.output.split())
    assert result.exit_code == 0, result.output


def test_a_report_is_shown_and_signed_off_and_stays_listed(state: Path):
    run("--since", "24h", "--local", str(state))
    report = open_application(state).runtime.stores.reports.list_reports()[0]
    signed = run("sign-off", report.id, "--by", "Ada Operator", "--note", "sent again by hand", "--local", str(state))
    assert signed.exit_code == 0
    assert "with 1 exceptions" in signed.output
    shown = run("show", report.id, "--local", str(state))
    assert shown.exit_code == 0
    assert "Signed off by Ada Operator" in shown.output
    assert "sent again by hand" in shown.output
    assert "STUCK" in shown.output
    as_json = json.loads(run("show", report.id, "--json", "--local", str(state)).stdout)
    assert [item["by"] for item in as_json["signed"]] == ["Ada Operator"]


def test_a_report_that_was_changed_shows_and_is_not_signed_off(state: Path):
    run("--since", "24h", "--local", str(state))
    report = open_application(state).runtime.stores.reports.list_reports()[0]
    with sqlite3.connect(state) as file:
        changed = file.execute("UPDATE items SET doc = replace(doc, '\"stuck\":1', '\"noise\":1') WHERE pk = 'audits'")
        assert changed.rowcount == 1
    assert "CHANGED" in run("list", "--local", str(state)).output
    assert run("show", report.id, "--local", str(state)).exit_code == 1
    assert run("sign-off", report.id, "--by", "Ada", "--local", str(state)).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--account", "line:U2"), "no account line:U2"),
        (("--since", "yesterday"), "is no time"),
        (("--since", "1h", "--until", "2h"), "must lie before"),
        (("show", "nothing"), "there is no report"),
        (("sign-off", "nothing", "--by", "Ada"), "there is no report"),
    ],
)
def test_what_can_not_be_is_refused_in_words(state: Path, arguments: tuple[str, ...], words: str):
    result = run(*arguments, "--local", str(state))
    assert result.exit_code != 0
    assert words in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24h", NOW - timedelta(hours=24)),
        ("90m", NOW - timedelta(minutes=90)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-11-19", NOW - timedelta(hours=36)),
        ("2026-11-20T09:30", NOW - timedelta(hours=2.5)),
        ("2026-11-20T11:30+02:00", NOW - timedelta(hours=2.5)),
        ("2026-11-20T09:30Z", NOW - timedelta(hours=2.5)),
    ],
)
def test_times_as_they_are_typed(text: str, expected: datetime):
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "24", "h", "-1d", "999999d", "2026-13-01", "١h"])
def test_what_is_no_time(text: str):
    with pytest.raises(click.BadParameter):
        moment(text, NOW)
