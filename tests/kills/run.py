"""Lives one after the other on one file, each ended by SIGKILL, in a town that goes on."""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType

from tests.kills.judge import problems, under_way
from tests.kills.life import Life, QuickClock, live, opened
from tests.kills.town import Town

PACE = 40.0
"""How much faster the clock of these lives runs than the machine's."""
SHORTEST, LONGEST = 0.02, 0.45
"""Seconds that a process lives once it is started: some die before they listen."""
BETWEEN_ACTS = 0.1
TIME_TO_SETTLE = 240.0


class Run:
    """Use as a context. ``kill_once`` as often as wanted, then ``end``."""

    def __init__(self, folder: Path, seed: int) -> None:
        clock = QuickClock(time.time(), PACE)
        self._chance = random.Random(seed)
        self._town = Town(clock, seed)
        self._life = Life(state=folder / "state.db", bugs=folder / "bugs.txt", port=self._town.port, clock=clock)
        # processes are forked from one that has imported everything, and has no threads
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.kills.life"])
        self._process: ForkServerProcess | None = None
        self._kills = 0
        self._waited = 0.0

    def __enter__(self) -> Run:
        system, app = opened(self._life)
        self._town.configure(app)
        system.close()
        self._start()
        deadline = time.monotonic() + TIME_TO_SETTLE
        while not self._town.subscribe():
            if time.monotonic() > deadline:
                raise RuntimeError("the product does not answer")
            time.sleep(0.05)
        self._go_on(1.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill()
        self._town.close()

    def kill_once(self) -> None:
        """Let the process live for a while, kill it, and start the next."""
        self._go_on(self._chance.uniform(SHORTEST, LONGEST))
        self._kill()
        self._kills += 1
        self._start()

    def end(self) -> list[str]:
        """Let the last process do what is left; what does not hold then."""
        started = time.monotonic()
        found = self._problems()
        while found and time.monotonic() - started < TIME_TO_SETTLE:
            # even when no queue holds anything any more, polls may still bring what no hint has brought
            self._go_on(0.5, act=False)
            found = self._problems()
        self._waited = time.monotonic() - started
        self._kill()
        return self._problems()

    def _problems(self) -> list[str]:
        system, _ = opened(self._life)
        try:
            return [*under_way(system, self._town), *problems(self._life, system, self._town)]
        finally:
            system.close()

    def summary(self) -> str:
        """What took place, in a line."""
        written = self._town.written
        messages, replies = (sum(map(len, item.values())) for item in (written.messages, written.replies))
        return (
            f"Killed {self._kills} times: {messages} messages in {len(written.messages)} conversations, "
            f"{replies} replies on {len(self._town.tickets())} tickets; settled after {self._waited:.0f} s."
        )

    def _start(self) -> None:
        self._process = self._context.Process(target=live, args=(self._life,), daemon=True)
        self._process.start()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _go_on(self, seconds: float, *, act: bool = True) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if act:
                self._town.act()
            self._town.flush()
            time.sleep(min(BETWEEN_ACTS, max(left, 0.0)))
