"""A stage's CloudFormation stack: change sets made, shown, executed, waited for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from careloop.deploying.cloud import Cloud, DeployError

READY = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)
"""A stack that takes an update."""
EMPTY = "REVIEW_IN_PROGRESS"
"""A stack of which only a change set was ever made."""
BROKEN = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""A stack that takes no update; it can only be deleted and made again."""
STUCK = "UPDATE_ROLLBACK_FAILED"
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_GONE = ("ValidationError",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a change set. ``replacement``: "True", "False", "Conditional" or "" where it does not apply."""

    action: str
    name: str
    kind: str
    replacement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set that waits for its execution."""

    id: str
    creates: bool
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to one resource."""

    id: str
    name: str
    status: str
    reason: str


class Stack:
    """The stack `name`."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self._cloud = cloud
        self.name = name

    def describe(self) -> Mapping[str, Any] | None:
        """As CloudFormation tells it; None when there is none."""
        answer = self._cloud.call("cloudformation", "describe_stacks", missing=_GONE, StackName=self.name)
        found: Mapping[str, Any] | None = answer["Stacks"][0] if answer and answer["Stacks"] else None
        return None if found is None or found["StackStatus"] == "DELETE_COMPLETE" else found

    def status(self) -> str | None:
        """Its state, or None."""
        found = self.describe()
        return str(found["StackStatus"]) if found else None

    def parameters(self) -> dict[str, str]:
        """The parameters that it was made with."""
        found = self.describe() or {}
        return {item["ParameterKey"]: item.get("ParameterValue", "") for item in found.get("Parameters", ())}

    def settled(self) -> str | None:
        """Its state once nobody is working on it."""
        status = self.status()

        def done() -> bool:
            nonlocal status
            status = self.status()
            return not _is_busy(status)

        if _is_busy(status):
            self._cloud.wait(f"stack {self.name} ({status})", done)
        return status

    def plan(self, body: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> ChangeSet | None:
        """Make a change set; None when there is nothing to change. The stack must be absent or READY.

        Raises DeployError with CloudFormation's reason when it can't be made."""
        creates = self.status() is None
        name = f"careloop-{secrets.token_hex(6)}"
        answer = self._cloud.call(
            "cloudformation",
            "create_change_set",
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if creates else "UPDATE",
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        found = self._made(str(answer["Id"]))
        made = ChangeSet(id=str(answer["Id"]), creates=creates, changes=[_change(item) for item in found["Changes"]])
        if found["Status"] != "FAILED":
            return made
        self.forget(made)
        reason = str(found.get("StatusReason", ""))
        if any(words in reason for words in _NO_CHANGES):
            return None
        raise DeployError(f"CloudFormation refuses the change: {reason}")

    def _made(self, change_set: str) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def done() -> bool:
            found.clear()
            found.update(self._cloud.call("cloudformation", "describe_change_set", ChangeSetName=change_set))
            return found["Status"] in ("CREATE_COMPLETE", "FAILED")

        self._cloud.wait("the change set", done)
        changes = list(found.get("Changes", ()))
        while found.get("NextToken"):
            more = self._cloud.call(
                "cloudformation", "describe_change_set", ChangeSetName=change_set, NextToken=found["NextToken"]
            )
            changes += more.get("Changes", ())
            found["NextToken"] = more.get("NextToken")
        return {**found, "Changes": changes}

    def forget(self, change_set: ChangeSet) -> None:
        """Drop a change set that is not to be executed, and the empty stack that it came with."""
        self._cloud.call(
            "cloudformation", "delete_change_set", missing=("ChangeSetNotFound",), ChangeSetName=change_set.id
        )
        if change_set.creates and self.status() == EMPTY:
            self.delete()

    def execute(self, change_set: ChangeSet, on_event: Callable[[Event], None] = lambda event: None) -> None:
        """Execute, and wait for the end. Raises DeployError with the reasons when it was rolled back."""
        seen = {item.id for item in self.events()}
        self._cloud.call("cloudformation", "execute_change_set", ChangeSetName=change_set.id)
        self._follow(seen, on_event, started=lambda status: status != EMPTY)
        status = self.status()
        if status not in SUCCEEDED:
            raise DeployError(f"the stack is {status}. {self.reasons(seen)}")

    def delete(self, on_event: Callable[[Event], None] = lambda event: None) -> None:
        """Delete it, and wait until it is gone. What it retains stays. Raises DeployError."""
        found = self.describe()
        if found is None:
            return
        seen = {item.id for item in self.events()}
        self._cloud.call("cloudformation", "delete_stack", StackName=self.name)
        self._follow(seen, on_event, started=lambda status: status is None or status.startswith("DELETE"))
        if self.status() is not None:
            raise DeployError(f"the stack could not be deleted ({self.status()}). {self.reasons(seen)}")

    def unroll(self) -> None:
        """Let a rollback that got stuck go on. Raises DeployError when it gets stuck again."""
        seen = {item.id for item in self.events()}
        self._cloud.call("cloudformation", "continue_update_rollback", StackName=self.name)
        self._follow(seen, lambda event: None, started=lambda status: status != STUCK)
        if self.status() not in READY:
            raise DeployError(
                f"the rollback got stuck again ({self.status()}). {self.reasons(seen)} Mend what is named, or go on"
                " without it: aws cloudformation continue-update-rollback --resources-to-skip NAME --stack-name"
                f" {self.name}"
            )

    def events(self) -> list[Event]:
        """What happened lately, newest first."""
        answer = self._cloud.call("cloudformation", "describe_stack_events", missing=_GONE, StackName=self.name)
        return [
            Event(
                id=str(item["EventId"]),
                name=str(item.get("LogicalResourceId", "")),
                status=str(item.get("ResourceStatus", "")),
                reason=str(item.get("ResourceStatusReason", "")),
            )
            for item in (answer or {}).get("StackEvents", ())
        ]

    def reasons(self, seen: set[str]) -> str:
        """Why it failed, in CloudFormation's own words; the cancellations that follow a failure are left out."""
        failed = [item for item in reversed(self.events()) if item.id not in seen and item.status.endswith("_FAILED")]
        told = [f"{item.name}: {item.reason}" for item in failed if "cancelled" not in item.reason]
        return "; ".join(told) or "CloudFormation gives no reason; its events are in the console."

    def _follow(
        self, seen: set[str], on_event: Callable[[Event], None], *, started: Callable[[str | None], bool]
    ) -> None:
        told = set(seen)
        begun = False

        def done() -> bool:
            nonlocal begun
            status = self.status()
            for item in reversed(self.events()):
                if item.id not in told:
                    told.add(item.id)
                    on_event(item)
            begun = begun or started(status) or len(told) > len(seen)
            return begun and not _is_busy(status)

        self._cloud.wait(f"stack {self.name}", done)


def _is_busy(status: str | None) -> bool:
    return status is not None and status.endswith("_IN_PROGRESS") and status != EMPTY


def _change(item: Mapping[str, Any]) -> Change:
    change = item.get("ResourceChange", {})
    return Change(
        action=str(change.get("Action", "")),
        name=str(change.get("LogicalResourceId", "")),
        kind=str(change.get("ResourceType", "")),
        replacement=str(change.get("Replacement", "")),
    )
