"""Tokens die, subscriptions vanish, queues stand still: who notices, what still works, and when all is well again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

import click
import pytest

from careloop.cli.main import main
from careloop.sandbox.setup import PAGE
from chalicelib import bootstrap
from chalicelib.core.account import ConnectionKind
from chalicelib.core.alarms import COMMANDS, JOBS, Alarm, AlarmCode, Subject, SubjectKind
from chalicelib.core.errors import (
    ConfigurationError,
    CredentialsError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnavailableError,
    UnsupportedError,
)
from chalicelib.core.events import AccountRevoked, Visibility, event_key
from chalicelib.core.ids import AccountId, AccountKey
from chalicelib.entrypoints import watch
from chalicelib.pipeline.checks import all_checks
from chalicelib.pipeline.liveness import check_account, check_connection
from tests.fakes.clock import NOON
from tests.fakes.platform import FakePlatform, FindingPlatform, spec
from tests.fakes.runtime import World
from tests.functional.scenes import opened
from tests.functional.twin_world import FACEBOOK, KEYS, MESSENGER, ON_X, TwinWorld

AGORA = AccountKey(platform="agora", account=AccountId("brand"))
DEAD = CredentialsError("over", advice="Connect it again.", remote_code="190", dead=True)
BARRED = CredentialsError("lacks", advice="Add the permission.", remote_code="200")


class LivingPlatform(FakePlatform):
    """A platform whose access ends, and whose subscriptions may vanish."""

    def __init__(self) -> None:
        super().__init__(lambda: NOON)
        self.ends: datetime | None = None
        self.missing: list[str] = []
        self.comes_back = True
        self.tells = True
        self.wrong: Exception | None = None
        self.subscribed = 0

    def probe(self) -> str:
        if self.wrong:
            raise self.wrong
        return "well"

    def refresh(self) -> datetime | None:
        return self.ends

    def missing_subscriptions(self) -> Sequence[str]:
        if not self.tells:
            raise UnsupportedError("the token of the app is not stored")
        return tuple(self.missing)

    def subscribe(self) -> None:
        self.subscribed += 1
        if self.comes_back:
            self.missing = []


def living() -> tuple[World, LivingPlatform]:
    platform = LivingPlatform()
    return World(platform=platform), platform


def alarms(world: World | TwinWorld) -> dict[str, Alarm]:
    return {f"{item.code} {item.subject}": item for item in world.system.stores.alarms.list_alarms()}


# -- a token dies ------------------------------------------------------------------------------------------------------


def test_a_dead_facebook_token_stops_sending_never_receiving():
    world = TwinWorld()
    world.meta.comment(world.dana, world.post, "Where is my parcel?")
    world.play()
    [ticket] = [item["id"] for item in world.tickets()]
    world.meta.world.page(PAGE)["token"] = "another-token"

    world.desk.agent_reply(ticket, "It left today.")
    world.play()
    assert "NOT posted on Facebook" in world.notes(ticket)[-1]
    assert "connect the account again" in world.notes(ticket)[-1]
    assert "/retry" in world.notes(ticket)[-1]
    assert world.alarms() == {f"credentials {FACEBOOK}": f"careloop accounts secrets {FACEBOOK}"}

    asked = len(world.meta.calls)
    world.desk.agent_reply(ticket, "It really left today.")
    world.play()
    assert len(world.meta.calls) == asked, "a call that could only be refused"
    assert "no longer accepts the access" in world.notes(ticket)[-1]
    assert f"careloop accounts secrets {FACEBOOK}" in world.notes(ticket)[-1]

    world.meta.comment(world.dana, world.post, "Hello? Anybody there?")
    world.meta.comment(world.meta.add_user("Kim Park"), world.post, "And mine?")
    world.play()
    assert len(world.tickets()) == 2
    assert any(
        "Anybody there" in item["text"] for item in world.tickets()[-1]["comments"] + world.tickets()[0]["comments"]
    )

    world.minutes(15)
    assert f"credentials {FACEBOOK}" in world.alarms(), "still dead, whatever else works"
    world.app.secrets.put_credentials(ConnectionKind.PLATFORM, "facebook", PAGE, {"page_token": "another-token"})
    world.minutes(15)
    assert f"credentials {FACEBOOK}" not in world.alarms()
    world.desk.agent_note(ticket, "/retry")
    world.play()
    assert world.notes(ticket)[-1].startswith("Posted on Facebook")
    said = [item["text"] for thread in world.meta.snapshot()["threads"] for item in thread["messages"]]
    assert sum("It really left today." in text for text in said) == 1
    assert not any("It left today." in text for text in said), "the agent was told that it was not posted: that holds"


def test_a_dead_x_token_stops_sending_never_receiving():
    world = TwinWorld()
    world.x.post("dana_w", "@AcmeCare where is my parcel?")
    world.play()
    [ticket] = [item["id"] for item in world.tickets()]
    world.x.revoke()

    world.desk.agent_reply(ticket, "It left today.")
    world.play()
    assert "NOT posted on X" in world.notes(ticket)[-1]
    assert f"credentials {ON_X}" in world.alarms()
    world.x.post("dana_w", "@AcmeCare hello?")
    world.play()
    texts = [item["text"] for found in world.tickets() for item in found["comments"]]
    assert any("hello?" in text for text in texts)

    login = world.x.authorise()
    world.app.secrets.put_credentials(ConnectionKind.PLATFORM, "x", ON_X.account, login)
    world.minutes(15)
    assert f"credentials {ON_X}" not in world.alarms()
    world.desk.agent_note(ticket, "/retry")
    world.play()
    assert world.notes(ticket)[-1].startswith("Posted on X")


def test_a_look_up_that_meets_a_dead_token_raises_the_alarm_and_loses_nothing():
    """Messenger tells only an id: the name is asked for."""
    world = TwinWorld()
    world.meta.world.page(PAGE)["token"] = "another-token"
    world.meta.message(world.dana, "Where is my parcel?")
    world.play()
    [ticket] = world.tickets()
    assert any("Where is my parcel?" in item["text"] for item in ticket["comments"])
    assert f"credentials {MESSENGER}" in world.alarms()


def test_a_subscription_that_meta_ended_is_made_again():
    world = TwinWorld()
    world.meta.install(PAGE, ["messages"])
    found = check_account(world.runtime, FACEBOOK)
    assert "subscribed again: feed" in found.lines
    assert world.alarms() == {}
    world.meta.comment(world.dana, world.post, "Where is my parcel?")
    world.play()
    assert len(world.tickets()) == 1


def test_a_dead_helpdesk_is_told_by_what_waits_for_it():
    world = World()
    world.desk.faults = [("ensure_person", True, DEAD)]
    world.arrive(world.message())
    assert list(alarms(world)) == ["credentials helpdesk desk"]
    world.later(seconds=31)
    assert world.ticket.customer == ["Where is my parcel?"]
    check_connection(world.runtime, ConnectionKind.HELPDESK, "desk", asked=True)
    assert alarms(world) == {}


def test_a_dead_helpdesk_is_told_by_an_answer_that_can_t_be_read():
    world = opened()
    world.desk.faults = [("fetch_activity", True, DEAD)]
    world.desk.agent_writes("1", "It left.")
    world.hint()
    assert list(alarms(world)) == ["credentials helpdesk desk"]


def test_a_dead_crm_opens_tickets_without_it():
    world = World()
    world.crm.down = DEAD
    world.arrive(world.message())
    assert world.ticket.customer == ["Where is my parcel?"]
    assert list(alarms(world)) == ["credentials crm crm"]


def test_an_alarm_is_written_once_however_many_replies_are_refused():
    world = opened()
    world.platform.faults = [(True, DEAD)]
    for number in range(4):
        world.desk.agent_writes("1", f"Answer {number}")
        world.hint()
    assert alarms(world)[f"credentials {AGORA}"].times == 1
    assert world.telemetry.counts["alarm"] == 1
    assert world.platform.sent == []
    assert sum("NOT posted" in note for note in world.ticket.notes) == 4


def test_what_is_sent_all_the_same_shows_that_the_access_works():
    world = opened()
    world.platform.faults = [(True, DEAD)]
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.desk.agent_writes("1", "/retry", Visibility.INTERNAL)
    world.hint()
    assert world.platform.texts == ["It left today."]
    assert alarms(world) == {}


def test_a_missing_right_is_an_alarm_that_holds_nothing():
    world = opened()
    world.platform.faults = [(True, BARRED)]
    for text in ("One", "Two"):
        world.desk.agent_writes("1", text)
        world.hint()
    assert world.platform.texts == ["Two"]
    assert list(alarms(world)) == [f"permission {AGORA}"]
    check_account(world.runtime, AGORA)
    assert list(alarms(world)) == [f"permission {AGORA}"], "no check tries every right"
    world.later(days=1)
    world.connectors.platforms["agora"] = living()[1]
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}


def test_without_access_nobody_can_look_so_the_outcome_stays_unknown():
    """The look was refused: that does not mean that nothing was posted."""

    class Locked(FindingPlatform):
        def find_sent(self, reply):
            raise DEAD

    world = World(platform=Locked(lambda: NOON))
    opened(world)
    world.platform.faults = [(False, OutcomeUnknownError("broke"))]
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.later(seconds=30)
    assert world.platform.texts == ["It left today."]
    assert "UNKNOWN" in world.ticket.notes[-1]
    assert not any("NOT posted" in note for note in world.ticket.notes)


def test_a_repetition_that_is_refused_says_nothing_about_the_first_attempt():
    world = World(sheet=spec(idempotent_send=True))
    opened(world)
    world.platform.faults = [(False, OutcomeUnknownError("broke")), (True, DEAD)]
    world.desk.agent_writes("1", "It left today.")
    world.hint()
    world.later(seconds=30)
    assert "UNKNOWN" in world.ticket.notes[-1]
    assert not any("NOT posted" in note for note in world.ticket.notes)


def test_an_account_that_was_revoked_is_an_alarm_at_once():
    world = World()
    world.arrive(AccountRevoked(account=AGORA, at=NOON))
    assert list(alarms(world)) == [f"credentials {AGORA}"]


# -- checks ------------------------------------------------------------------------------------------------------------


def test_an_access_that_ends_soon_is_told_with_the_days_left():
    world, platform = living()
    platform.ends = NOON + timedelta(days=30)
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}
    platform.ends = NOON + timedelta(days=9, hours=1)
    check_account(world.runtime, AGORA)
    assert "in 9 days" in alarms(world)[f"expiry {AGORA}"].what
    platform.ends = None
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}


def test_a_lost_subscription_is_made_again():
    world, platform = living()
    platform.missing = ["feed"]
    found = check_account(world.runtime, AGORA)
    assert platform.subscribed == 1
    assert "subscribed again: feed" in found.lines
    assert alarms(world) == {}


def test_what_can_not_be_asked_is_no_alarm():
    world, platform = living()
    platform.tells = False
    found = check_account(world.runtime, AGORA)
    assert "whether it is subscribed to all it needs was not asked: the token of the app is not stored" in found.lines
    assert "well" in found.lines
    assert alarms(world) == {}


def test_a_subscription_that_does_not_come_back_is_an_alarm_until_it_does():
    world, platform = living()
    platform.missing, platform.comes_back = ["feed", "messages"], False
    check_account(world.runtime, AGORA)
    alarm = alarms(world)[f"subscription {AGORA}"]
    assert "feed, messages" in alarm.what
    assert alarm.command == f"careloop check {AGORA}"
    platform.missing = []
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DEAD, "credentials"),
        (BARRED, "permission"),
        (ConfigurationError("the app is not subscribed to feed"), "configuration"),
        (RejectedError("no", remote_code="9"), "refused"),
    ],
)
def test_what_a_probe_says(error: Exception, code: str):
    world, platform = living()
    platform.wrong = error
    check_account(world.runtime, AGORA)
    assert list(alarms(world)) == [f"{code} {AGORA}"]
    since = world.clock.now()
    world.later(minutes=15)
    check_account(world.runtime, AGORA)
    again = alarms(world)[f"{code} {AGORA}"]
    assert (again.since, again.last_seen, again.times) == (since, world.clock.now(), 2)
    platform.wrong = None
    check_account(world.runtime, AGORA, asked=True)
    assert alarms(world) == {}


def test_a_bad_quarter_of_an_hour_is_no_alarm_and_three_are():
    world, platform = living()
    platform.wrong = UnavailableError("down")
    for expected in (0, 0, 0, 1):
        check_account(world.runtime, AGORA)
        assert len(alarms(world)) == expected
        world.clock.advance(minutes=15)
        world.work()
    platform.wrong = RateLimitedError("slow down")
    check_account(world.runtime, AGORA)
    assert list(alarms(world)) == [f"unreachable {AGORA}"], "nothing was looked at, nothing is over"
    platform.wrong = None
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}


def test_missing_secrets_are_an_alarm_that_names_the_command():
    world = World()
    world.connectors.platforms.pop("agora")
    check_account(world.runtime, AGORA)
    [alarm] = alarms(world).values()
    assert (alarm.code, alarm.command) == (AlarmCode.CONFIGURATION, f"careloop accounts secrets {AGORA}")


def test_alarms_are_logged_and_counted_without_words():
    world, platform = living()
    platform.wrong = DEAD
    check_account(world.runtime, AGORA)
    platform.wrong = None
    check_account(world.runtime, AGORA)
    lines = [(outcome, fields) for stage, outcome, fields in world.telemetry.lines if stage == "alarm"]
    told = {"subject": f"account:{AGORA}", "error_code": "credentials", "command": f"careloop accounts secrets {AGORA}"}
    assert lines == [("raised", told), ("cleared", told)]


# -- silence -----------------------------------------------------------------------------------------------------------


def test_a_busy_account_that_falls_silent_is_noticed_and_heard_again():
    world, _ = living()
    world.clock.advance(days=-24)
    for number in range(24 * 24 * 4):
        world.clock.advance(minutes=15)
        key = event_key(world.message(f"m{number}"))
        now, lease = world.clock.now(), timedelta(minutes=1)
        world.system.stores.ledger.claim(key, account=AGORA, owner="w", now=now, lease=lease, archived_at=None)
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}
    world.later(hours=8)
    check_account(world.runtime, AGORA)
    assert "Nothing has come" in alarms(world)[f"silence {AGORA}"].what
    world.arrive(world.message("back"))
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}


# -- our own way in ----------------------------------------------------------------------------------------------------


def test_a_canary_that_comes_through_leaves_no_trace():
    world = World()
    for _ in range(3):
        check_account(world.runtime, AGORA)
        world.later(minutes=15)
    assert "the inbound queue is being worked" in check_account(world.runtime, AGORA).lines
    assert world.dispositions() == {}
    assert alarms(world) == {}
    assert "events" not in world.telemetry.counts


def test_an_inbound_queue_that_nobody_works_is_noticed_and_mended():
    world = World()
    check_account(world.runtime, AGORA)
    world.clock.advance(minutes=5)
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}, "nobody has to be that quick"
    world.clock.advance(minutes=10)
    check_account(world.runtime, AGORA)
    alarm = alarms(world)[f"inbound {AGORA}"]
    assert "function `inbound`" in alarm.what
    world.work()
    check_account(world.runtime, AGORA)
    assert alarms(world) == {}


def test_a_canary_that_the_queue_gave_up_on_is_not_parked():
    from chalicelib.pipeline.parked import dead_letter

    world = World()
    check_account(world.runtime, AGORA)
    [message] = world.system.queues["inbound"].receive(1)
    assert dead_letter(world.runtime, "inbound", message.body, message.group, message.id) is None
    assert list(world.system.stores.parking.list_parked()) == []


# -- the watch ---------------------------------------------------------------------------------------------------------


def fan_out(world: World) -> int:
    bootstrap.install(world.app)
    try:
        return watch.fan_out()
    finally:
        bootstrap.install(None)


def test_everything_is_checked_once_in_each_interval_and_not_at_once():
    world = World()
    sent = []
    for _ in range(15):
        sent.append(fan_out(world))
        fan_out(world)  # the schedule fires twice
        world.clock.advance(minutes=1)
    assert len(all_checks(world.runtime)) == 4
    assert world.system.queues["jobs"].depth() == 4
    assert max(sent) < 4


def test_checks_that_nobody_makes_are_noticed_by_the_watch():
    world = World()
    for _ in range(60):
        world.clock.advance(minutes=1)
        fan_out(world)
    [alarm] = alarms(world).values()
    assert (alarm.code, alarm.subject, alarm.times) == (AlarmCode.CHECKS, JOBS, 1)
    world.work()
    fan_out(world)
    assert alarms(world) == {}


def test_where_there_is_nothing_to_check_nothing_is_late():
    world = World()
    world.system.stores.directory.accounts = lambda: ()
    world.system.stores.directory.connections = lambda: ()
    for _ in range(120):
        world.clock.advance(minutes=1)
        assert fan_out(world) == 0
    assert alarms(world) == {}


# -- commands ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", AlarmCode)
def test_the_command_that_an_alarm_names_exists(code: AlarmCode):
    subject = Subject(kind=SubjectKind.ACCOUNT, name="facebook:1234")
    alarm = Alarm(code=code, subject=subject, what="x", since=NOON, last_seen=NOON)
    name, *words = shlex.split(alarm.command)
    assert name == "careloop"
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words.pop(0))
        assert found is not None, alarm.command
        command = found
    assert command.make_context(command.name, list(words)).params.get("name", "facebook:1234") in (
        None,
        "facebook:1234",
    )
    assert set(COMMANDS) == set(AlarmCode)


def test_keys_of_the_twin_world_are_no_secrets():
    assert "page-token-1" not in repr(KEYS)
