"""The flood rehearsal: every seed passes on the product as it is, and a judge that let a planted bug pass would be none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from careloop.cli.main import main
from careloop.rehearsal.judge import Verdict
from careloop.rehearsal.plan import Plan, with_shares
from careloop.rehearsal.play import Rehearsal
from careloop.rehearsal.report import percentile, result
from careloop.rehearsal.stage import Alter
from careloop.rehearsal.weather import FAULTS, Weather, chosen
from chalicelib.bootstrap import Application
from chalicelib.core.errors import ConfigurationError
from chalicelib.ports.services import QueueMessage


def play(
    folder: Path, events: int, seed: int, faults: str, alter: Alter = lambda app: app, severity: float = 1.0
) -> tuple[Rehearsal, Verdict]:
    plan = Plan(events=events, seed=seed, faults=chosen(faults), severity=severity)
    rehearsal = Rehearsal(plan, folder, alter=alter)
    try:
        return rehearsal, rehearsal.play()
    finally:
        rehearsal.stage.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_small_flood_with_all_faults_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    rehearsal, verdict = play(tmp_path, 90, seed, "all", severity=3)
    assert verdict.is_good, dict(verdict.offences)
    assert rehearsal.courier.sent >= 90
    assert sum(verdict.dispositions.values()) == len(rehearsal.stage.book.keys)
    assert sum(rehearsal.stage.weather.struck.values()) > 20
    assert sum(verdict.replies.values()) == len(rehearsal.stage.book.answers) > 5


def test_without_faults_nothing_comes_late_and_the_same_seed_plays_the_same(tmp_path: Path) -> None:
    told = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        rehearsal, verdict = play(folder, 40, 3, "none")
        assert verdict.is_good, dict(verdict.offences)
        assert verdict.late == verdict.untold == 0
        told.append({**result(rehearsal, verdict), "seconds": 0, "events per second": 0})
    assert told[0] == told[1]


# -- planted bugs ------------------------------------------------------------------------------------------------------


class Around:
    """Something else's stand-in: what is not given is its own."""

    def __init__(self, inner: Any, **changed: Any) -> None:
        self.__dict__.update(inner=inner, **changed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def with_queue(app: Application, send: Any) -> Application:
    inbound = Around(app.queues["inbound"], send=lambda messages: app.queues["inbound"].send(send(messages)))
    return replace(app, runtime=replace(app.runtime, queues=replace(app.runtime.queues, inbound=inbound)))


def with_connectors(app: Application, **changed: Any) -> Application:
    return replace(app, runtime=replace(app.runtime, connectors=Around(app.runtime.connectors, **changed)))


def forgets_some_for_good(app: Application) -> Application:
    return with_queue(app, lambda messages: [item for item in messages if not item.dedup.endswith("7")])


def turns_batches_round(app: Application) -> Application:
    return with_queue(app, lambda messages: messages[::-1])


def never_looks_for_entries(app: Application) -> Application:
    def helpdesk(name: str, *, patient: bool = False) -> Any:
        return Around(app.runtime.connectors.helpdesk(name, patient=patient), find_comment=lambda *_: None)

    return with_connectors(app, helpdesk=helpdesk)


def sends_twice(app: Application) -> Application:
    def platform(account: Any, *, patient: bool = False) -> Any:
        client = app.runtime.connectors.platform(account, patient=patient)

        def send(reply: Any) -> Any:
            receipt = client.send(reply)
            client.send(replace(reply, text=f"{reply.text} "))
            return receipt

        return Around(client, send=send)

    return with_connectors(app, platform=platform)


def stumbles_over_a_message(app: Application) -> Application:
    tripped = iter([True])

    def platform(account: Any, *, patient: bool = False) -> Any:
        if next(tripped, False):
            raise KeyError("nobody thought of that")
        return app.runtime.connectors.platform(account, patient=patient)

    return with_connectors(app, platform=platform)


def takes_echoes_for_customers(app: Application) -> Application:
    def deaf(item: QueueMessage) -> QueueMessage:
        return replace(item, body=item.body.replace('"is_echo":true', '"is_echo":false'))

    return with_queue(app, lambda messages: [deaf(item) for item in messages])


BUGS: Sequence[tuple[Alter, str, str]] = (
    (forgets_some_for_good, "none", "lost"),
    (turns_batches_round, "batches", "out of order"),
    (never_looks_for_entries, "timeouts", "doubled"),
    (sends_twice, "none", "doubled"),
    (stumbles_over_a_message, "none", "bug"),
    (takes_echoes_for_customers, "none", "astray"),
)


@pytest.mark.parametrize(("bug", "faults", "offence"), BUGS, ids=[bug.__name__ for bug, _, _ in BUGS])
def test_the_judge_catches_a_planted_bug(tmp_path: Path, bug: Alter, faults: str, offence: str) -> None:
    _, verdict = play(tmp_path, 60, 5, faults, bug, severity=10)
    assert not verdict.is_good
    assert verdict.count(offence), dict(verdict.offences)


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_prints_the_result_as_json_and_ends_well() -> None:
    ran = CliRunner().invoke(main, ["rehearse", "--events", "12", "--seed", "4", "--faults", "duplicates", "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["good"] is True
    assert found["received"]["events"] >= 12
    assert found["command"] == "careloop rehearse --events 12 --faults duplicates --seed 4"


@pytest.mark.parametrize(
    "arguments", [["--faults", "rain"], ["--share", "comment"], ["--share", "dance=1"], ["--events", "0"]]
)
def test_the_command_refuses_what_makes_no_sense(arguments: list[str]) -> None:
    ran = CliRunner().invoke(main, ["rehearse", *arguments])
    assert ran.exit_code == 2
    assert "Usage" in ran.output


def test_shares_and_faults_are_checked() -> None:
    assert chosen("all") == frozenset(FAULTS)
    assert chosen("none") == frozenset()
    assert chosen("poison, disorder") == {"poison", "disorder"}
    assert with_shares({"comment": 0})["comment"] == 0
    with pytest.raises(ConfigurationError, match="somebody must begin"):
        with_shares({"comment": 0, "private": 0, "mention": 0})


def test_a_fault_that_was_not_chosen_never_strikes_and_leaves_the_others_dice_alone() -> None:
    one, both = Weather(1, frozenset({"disorder"})), Weather(1, frozenset({"disorder", "poison"}))
    thrown = [(one.strikes("disorder"), both.strikes("poison"), both.strikes("disorder")) for _ in range(500)]
    assert [item[0] for item in thrown] == [item[2] for item in thrown]
    assert any(item[0] for item in thrown)
    assert not one.strikes("poison")


def test_percentiles() -> None:
    assert percentile([], 99) == 0
    assert percentile(list(range(100)), 50) == 50
    assert percentile([3, 1, 2], 99) == 3
