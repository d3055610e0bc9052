"""Runs checks side by side: most of their time is waiting for AWS and vendors. One that hangs stops nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from careloop.doctoring.findings import Check, Finding, Light, why_unseen
from careloop.doctoring.patient import Patient

WORKERS = 8
LIMIT = 30.0
"""Seconds for one check."""


@dataclass(slots=True)
class _Task:
    check: Check
    subject: Any
    found: list[Finding] | None = None
    began: float | None = None
    done: threading.Event = field(default_factory=threading.Event)


def examine(
    patient: Patient, checks: Sequence[Check], *, limit: float = LIMIT, workers: int = WORKERS
) -> list[Finding]:
    """All findings, in the order of the checks and their subjects. ``limit``: seconds for each check."""
    tasks, failed = _tasks(patient, checks)
    waiting = list(reversed(tasks))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                task = waiting.pop()
                task.began = time.monotonic()
            task.found = list(task.check.findings(patient, task.subject))
            task.done.set()

    # Daemons: a check that hangs does not keep the process alive.
    for _ in range(min(workers, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    found: list[Finding] = []
    for check in checks:
        found += failed.get(id(check), ())
        for task in (item for item in tasks if item.check is check):
            if _wait(task, limit):
                found += task.found or ()
            else:
                found.append(_late(task, limit))
                # its worker is lost: tasks begin in order, so another one goes on with the rest
                threading.Thread(target=work, daemon=True).start()
    return found


def _tasks(patient: Patient, checks: Sequence[Check]) -> tuple[list[_Task], dict[int, list[Finding]]]:
    """What is to be done; and the findings of checks whose subjects could not be listed."""
    tasks: list[_Task] = []
    failed: dict[int, list[Finding]] = {}
    for check in checks:
        if patient.cloud is None and not check.local:
            continue
        try:
            tasks += [_Task(check, subject) for subject in check.subjects(patient)]
        except Exception as error:  # the table is not there, a right is missing: said once for each check
            told = why_unseen(error)
            failed[id(check)] = [Finding(light=Light.GREY, told=told, group=check.group, check=check.name)]
    return tasks, failed


def _wait(task: _Task, limit: float) -> bool:
    """Until it is done, or has taken too long since it began."""
    while not task.done.wait(0.05 if task.began is None else max(0.0, task.began + limit - time.monotonic())):
        if task.began is not None and time.monotonic() >= task.began + limit:
            return task.done.is_set()
    return True


def _late(task: _Task, limit: float) -> Finding:
    told = f"it took longer than {limit:.0f} s"
    return Finding(light=Light.GREY, told=told, group=task.check.group, check=task.check.label(task.subject))


def worst(findings: Sequence[Finding]) -> Light:
    """The light of the whole."""
    for light in (Light.RED, Light.YELLOW, Light.GREY):
        if any(item.light is light for item in findings):
            return light
    return Light.GREEN
