"""What a run's calls prove about the policies: which grants were used, which statements nothing would miss."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.rights.evaluator import Document, Request, Statement, allows, concerns, statements
from tests.rights.needs import LEADING_KEYS

Calls = Mapping[tuple[str, Request], int]
"""(identity, request) -> times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One action on one resource that a statement of a function's policy allows."""

    function: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}, {self.sid}: {self.action} on {self.resource}"


def write_calls(path: Path, made: Calls, refused: Calls) -> None:
    """Write down a run's calls as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for kind, counted in (("made", made), ("refused", refused)):
            for (identity, request), times in counted.items():
                line = [kind, identity, request.action, request.resource, request.context, times]
                file.write(json.dumps(line) + "\n")


def read_calls(paths: Iterable[Path]) -> tuple[Counter[tuple[str, Request]], Counter[tuple[str, Request]]]:
    """The calls made and refused, of all workers of a run."""
    found: dict[str, Counter[tuple[str, Request]]] = {"made": Counter(), "refused": Counter()}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, identity, action, resource, context, times = json.loads(line)
            pairs = tuple((key, tuple(values)) for key, values in context)
            found[kind][identity, Request(action=action, resource=resource, context=pairs)] += times
    return found["made"], found["refused"]


def grants(policies: Mapping[str, Document]) -> Iterator[tuple[Grant, Statement]]:
    """Every grant of every function, and the statement with nothing else in it."""
    for function, document in policies.items():
        for statement in statements(document):
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    grant = Grant(function=function, sid=statement["Sid"], action=action, resource=resource)
                    yield grant, {**statement, "Action": [action], "Resource": [resource]}


def used(policies: Mapping[str, Document], calls: Calls) -> dict[Grant, int]:
    """How often each grant was used."""
    found = {}
    for grant, statement in grants(policies):
        found[grant] = sum(
            times
            for (identity, request), times in calls.items()
            if identity == grant.function and concerns(statement, request)
        )
    return found


def missing(policies: Mapping[str, Document], calls: Calls) -> list[str]:
    """Calls that the policies would refuse."""
    return [
        f"{identity}: {request.action} on {request.resource} {' '.join(request.values(LEADING_KEYS))}".rstrip()
        for identity, request in calls
        if identity in policies and not allows(policies[identity], request)
    ]


def superfluous(policies: Mapping[str, Document], calls: Calls) -> list[Grant]:
    """Grants that can be taken away without refusing any of the calls."""
    found = []
    for function, document in policies.items():
        mine = {key: times for key, times in calls.items() if key[0] == function}
        every = [grant for grant, _ in grants({function: document})]
        found += [grant for grant in every if not missing({function: _lacking(document, grant)}, mine)]
    return found


def _lacking(document: Document, grant: Grant) -> Document:
    """A policy without one action on one resource."""
    kept = []
    for statement in document["Statement"]:
        if statement["Sid"] != grant.sid:
            kept.append(statement)
            continue
        for action in statement["Action"]:
            resources = [item for item in statement["Resource"] if (action, item) != (grant.action, grant.resource)]
            if resources:
                kept.append({**statement, "Sid": f"{grant.sid}{len(kept)}", "Action": [action], "Resource": resources})
    return {**document, "Statement": kept}


def without(document: Document, sid: str) -> Document:
    """A policy without one of its statements."""
    return {**document, "Statement": [item for item in document["Statement"] if item["Sid"] != sid]}
