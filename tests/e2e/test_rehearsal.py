"""A flood of five thousand events with all faults: the small ones of the default tests are too short for a backlog."""

from __future__ import annotations

import json
import subprocess
import sys

EVENTS = 5000


def test_a_flood_loses_doubles_and_turns_round_nothing():
    command = [sys.executable, "-c", "from careloop.cli.main import main; main()", "rehearse"]
    ran = subprocess.run(
        [*command, "--events", str(EVENTS), "--faults", "all", "--json"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout)
    print(f"{found['events per second']} events a second, faults: {found['faults']}")
    assert found["received"]["events"] >= EVENTS
    assert found["lost"] == found["doubled"] == found["out of order"] == found["astray"] == 0
