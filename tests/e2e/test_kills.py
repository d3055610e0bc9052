"""Processes are killed and go on on their file (``make kill`` does it hundreds of times)."""

from __future__ import annotations

from pathlib import Path

from tests.kills.run import Run

TIMES = 20


def test_killed_at_random_moments_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    with Run(tmp_path, seed=3) as run:
        for _ in range(TIMES):
            run.kill_once()
        problems = run.end()
    assert not problems, "\n".join([run.summary(), *problems])
