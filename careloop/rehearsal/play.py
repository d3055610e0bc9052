"""A rehearsal from its first message to its verdict."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path

from careloop.local.runner import work_once
from careloop.rehearsal.courier import Courier
from careloop.rehearsal.desk import Desk
from careloop.rehearsal.judge import Judge, Verdict
from careloop.rehearsal.line import KilledWorker
from careloop.rehearsal.office import Office
from careloop.rehearsal.plan import Plan
from careloop.rehearsal.stage import Alter, Stage
from careloop.rehearsal.story import Story
from chalicelib.core.errors import CareloopError
from chalicelib.entrypoints import poll, watch

NIGHT = 25 * 3600.0
"""Seconds; longer than Messenger's window."""
PATIENCE = 600
"""Turns of half a minute in which everything must come to rest."""
BETWEEN_POLLS = 10
"""Turns. Lists leave out what is younger than a minute or two: the second poll finds what the last act left."""
LONGEST_SEARCH = 12
"""Polls that may pass until what a webhook did not tell is found."""
POLL_MINUTES = 15
"""As often as an account with a webhook is polled in production."""
MOST_ROUNDS = 500
POLLS = ("PollAccount", "PollHelpdesk")
TOKEN_DEAD_MINUTES = 4
Progress = Callable[[int], None]


class Rehearsal:
    """One run. ``alter``: changes the product (a judge must see what it does wrong)."""

    def __init__(self, plan: Plan, folder: Path, *, alter: Alter = lambda app: app) -> None:
        self.plan = plan
        self.stage = Stage(plan, folder, alter)
        self.courier = Courier(self.stage)
        self.desk = Desk(self.stage.desk)
        self.office = Office(self.stage, self.desk)
        self.story = Story(self.stage, self.office)
        self.seconds = 0.0
        self._dice = random.Random(f"{plan.seed}|crew")
        self._minute, self._minutes = 0.0, 0
        self._dead: dict[str, int] = {}

    def play(self, progress: Progress = lambda done: None) -> Verdict:
        """Play it and judge it."""
        started = time.perf_counter()
        self._watch(with_polls=True)
        self._work(20)
        while self.courier.sent < self.plan.events:
            self._day(min(self.plan.events, self.courier.sent + self.plan.day), progress)
            self.rest(progress)
            self.stage.clock.step(NIGHT)
            self.desk.tidy()
            gc.freeze()  # the twins' worlds only grow: looking them through for garbage again and again takes long
            self.office.morning()
        self.rest(progress)
        gc.unfreeze()
        self.seconds = time.perf_counter() - started
        return Judge(self.stage, self.desk).judge()

    # -- a day ---------------------------------------------------------------------------------------------------------

    def _day(self, until: int, progress: Progress) -> None:
        """Customers write, agents answer, webhooks and workers go on meanwhile."""
        while self.courier.sent < until:
            for _ in range(self._dice.randint(1, 40)):
                self.story.act()
                self.stage.clock.step(60 / self.plan.per_minute)
                self.courier.collect()
            for said in self.office.withdrawn():
                self.story.take_back(said)
            self.courier.collect()
            self.courier.deliver()
            self._work(self._dice.randint(0, 8))
            self._pass_minutes()
            progress(min(self.courier.sent, self.plan.events))

    def rest(self, progress: Progress = lambda done: None) -> None:
        """Let webhooks, workers and polls come to an end, with time passing; agents do nothing meanwhile."""
        failed = 0
        for turn in range(PATIENCE):
            self.courier.collect()
            self.courier.deliver(everything=True)
            self._work(MOST_ROUNDS)
            self._pass_minutes()
            if turn % BETWEEN_POLLS == 0:
                failed = self._failed_jobs
                self._watch(with_polls=True)
                self._work(MOST_ROUNDS)
            self.stage.clock.step(30)
            progress(min(self.courier.sent, self.plan.events))
            polled = turn > BETWEEN_POLLS and turn % BETWEEN_POLLS > 4 and failed == self._failed_jobs
            given_up = turn > LONGEST_SEARCH * BETWEEN_POLLS
            if polled and self._is_at_rest() and (given_up or not self._has_missing()):
                return
        self.stage.book.counts["never came to rest"] += 1

    def _has_missing(self) -> bool:
        """Whether polling still has something to find: one round may need several polls."""
        book = self.stage.book
        book.missing = [said for said in book.missing if not (said.deleted or said.key in book.keys)]
        return bool(book.missing)

    @property
    def _failed_jobs(self) -> int:
        """Polls that failed: then something may not have been found."""
        return sum(self.stage.telemetry.failed[job] for job in POLLS)

    def _is_at_rest(self) -> bool:
        queues = self.stage.system.queues.values()
        busy = any(queue.depth() for queue in queues) or self.courier.waiting or self._dead
        return not (busy or self.stage.meta.pending or self.stage.x.pending or self.stage.desk.pending)

    # -- time ----------------------------------------------------------------------------------------------------------

    def _pass_minutes(self) -> None:
        """What happens every minute."""
        now = self.stage.clock.now().timestamp()
        if now < self._minute:
            return
        self._minute = now + 60
        self._minutes += 1
        self._watch(with_polls=self._minutes % POLL_MINUTES == 0)
        self._tokens()

    def _watch(self, *, with_polls: bool = False) -> None:
        for schedule in (watch, poll) if with_polls else (watch,):
            try:
                schedule.fan_out()
            except CareloopError:
                self.stage.book.counts["schedules failed"] += 1

    def _tokens(self) -> None:
        """Access is withdrawn, and renewed some minutes later."""
        for platform in list(self._dead):
            self._dead[platform] -= 1
            if self._dead[platform] <= 0:
                del self._dead[platform]
                self.stage.grant_access(platform)
        if self.stage.weather.strikes("dead-token"):
            platform = self.stage.weather.dice("dead-token").choice(("meta", "x"))
            if platform not in self._dead:
                self._dead[platform] = TOKEN_DEAD_MINUTES
                self.stage.withdraw_access(platform)

    # -- workers -------------------------------------------------------------------------------------------------------

    def _work(self, rounds: int) -> None:
        """Each queue's worker takes a batch in turn, until nothing is visible or the rounds are over."""
        queues = self.stage.system.queues
        for _ in range(rounds):
            taken = 0
            for name, queue in queues.items():
                try:
                    taken += work_once(name, queue)
                except KilledWorker:
                    taken += 1
                    self.stage.start_worker()
            if not taken:
                return
