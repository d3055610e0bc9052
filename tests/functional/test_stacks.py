"""What CloudFormation answers while it works, and when it fails: scripted, since moto is always done and never fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from careloop.deploying.cloud import Cloud, DeployError
from careloop.deploying.provisioning import make_ready
from careloop.deploying.stack import Change, Event, Stack
from chalicelib.core.errors import ConfigurationError, UnavailableError


class CloudFormation:
    """Tells the states in turn, then the last for ever; None: no such stack."""

    def __init__(self, states: Sequence[str | None], *, events: Sequence[tuple[str, str, str]] = ()) -> None:
        self._states = list(states)
        self._events = events
        self.change_sets: list[dict[str, Any]] = []
        self.calls: list[str] = []

    def client(self, service: str) -> CloudFormation:
        assert service == "cloudformation"
        return self

    def describe_stacks(self, **given: Any) -> dict[str, Any]:
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if state is None:
            raise refusal("ValidationError", "Stack with id careloop-dev does not exist")
        return {"Stacks": [{"StackStatus": state}]}

    def describe_stack_events(self, **given: Any) -> dict[str, Any]:
        seen = "execute_change_set" in self.calls or "make" not in self.calls
        told = [
            {
                "EventId": str(number),
                "LogicalResourceId": name,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            for number, (name, status, reason) in enumerate(self._events)
        ]
        return {"StackEvents": told[::-1] if seen else []}

    def create_change_set(self, **given: Any) -> dict[str, Any]:
        self.calls += ["make", str(given["ChangeSetType"])]
        return {"Id": "arn:change-set"}

    def describe_change_set(self, **given: Any) -> dict[str, Any]:
        return self.change_sets.pop(0)

    def __getattr__(self, name: str) -> Any:
        def called(**given: Any) -> dict[str, Any]:
            self.calls.append(name)
            return {}

        return called


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def stack_of(answers: CloudFormation) -> tuple[Stack, list[float]]:
    slept: list[float] = []
    return Stack(Cloud(answers, sleep=slept.append, patience=60), "careloop-dev"), slept


def never(question: str) -> bool:
    raise AssertionError(question)


ADDED = {"ResourceChange": {"Action": "Add", "LogicalResourceId": "Table", "ResourceType": "AWS::DynamoDB::Table"}}
REPLACED = {
    "ResourceChange": {
        "Action": "Modify",
        "LogicalResourceId": "Key",
        "ResourceType": "AWS::KMS::Key",
        "Replacement": "True",
    }
}


def test_a_change_set_is_waited_for_and_read_to_its_end() -> None:
    answers = CloudFormation([None])
    answers.change_sets = [
        {"Status": "CREATE_IN_PROGRESS"},
        {"Status": "CREATE_COMPLETE", "Changes": [ADDED], "NextToken": "more"},
        {"Status": "CREATE_COMPLETE", "Changes": [REPLACED]},
    ]
    stack, slept = stack_of(answers)

    made = stack.plan("{}", {}, {})

    assert made is not None
    assert made.creates
    assert list(made.changes) == [
        Change(action="Add", name="Table", kind="AWS::DynamoDB::Table"),
        Change(action="Modify", name="Key", kind="AWS::KMS::Key", replacement="True"),
    ]
    assert slept == [2.0]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",
    ],
)
def test_no_changes_are_no_failure(reason: str) -> None:
    answers = CloudFormation(["CREATE_COMPLETE"])
    answers.change_sets = [{"Status": "FAILED", "StatusReason": reason}]
    stack, _ = stack_of(answers)

    assert stack.plan("{}", {}, {}) is None
    assert answers.calls == ["make", "UPDATE", "delete_change_set"]


def test_a_refused_change_is_told_in_the_words_of_cloudformation() -> None:
    answers = CloudFormation(["CREATE_COMPLETE"])
    answers.change_sets = [{"Status": "FAILED", "StatusReason": "Template error: instance of Fn::GetAtt"}]
    stack, _ = stack_of(answers)

    with pytest.raises(DeployError, match="instance of Fn::GetAtt"):
        stack.plan("{}", {}, {})


def test_a_change_that_is_rolled_back_tells_the_first_cause() -> None:
    states = ["CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
    answers = CloudFormation(
        states,
        events=[
            ("Table", "CREATE_FAILED", "careloop-dev already exists"),
            ("Archive", "CREATE_FAILED", "Resource creation cancelled"),
        ],
    )
    answers.change_sets = [{"Status": "CREATE_COMPLETE", "Changes": [ADDED]}]
    stack, slept = stack_of(answers)
    made = stack.plan("{}", {}, {})
    assert made is not None
    told: list[Event] = []

    with pytest.raises(DeployError) as failed:
        stack.execute(made, told.append)

    assert "UPDATE_ROLLBACK_COMPLETE" in str(failed.value)
    assert "Table: careloop-dev already exists" in str(failed.value)
    assert "cancelled" not in str(failed.value)
    assert [item.name for item in told] == ["Table", "Archive"]
    assert slept


def test_waiting_has_an_end() -> None:
    stack, slept = stack_of(CloudFormation(["UPDATE_IN_PROGRESS"]))

    with pytest.raises(DeployError, match="takes longer than 1 minutes"):
        stack.settled()
    assert sum(slept) == 60


@pytest.mark.parametrize(
    ("states", "calls"),
    [
        ([None], []),
        (["UPDATE_COMPLETE"], []),
        (["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"], []),
        (["REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS", None], ["delete_stack"]),
    ],
)
def test_a_stack_that_needs_no_decision(states: list[str | None], calls: list[str]) -> None:
    answers = CloudFormation(states)
    stack, _ = stack_of(answers)

    make_ready(stack, never)

    assert answers.calls == calls


@pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_was_not_made_is_made_anew_when_the_operator_agrees(state: str) -> None:
    events = [("Table", "CREATE_FAILED", "Access denied")]
    answers = CloudFormation([state, state, "DELETE_IN_PROGRESS", None], events=events)
    stack, _ = stack_of(answers)
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    make_ready(stack, yes)

    assert "Table: Access denied" in asked[0]
    assert answers.calls == ["delete_stack"]

    answers = CloudFormation([state], events=events)
    stack, _ = stack_of(answers)
    with pytest.raises(DeployError, match="takes no change until it is deleted"):
        make_ready(stack, lambda question: False)
    assert answers.calls == []


def test_a_rollback_that_got_stuck_is_tried_again() -> None:
    stuck = "UPDATE_ROLLBACK_FAILED"
    answers = CloudFormation([stuck, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"])
    stack, _ = stack_of(answers)
    make_ready(stack, lambda question: True)
    assert answers.calls == ["continue_update_rollback"]

    answers = CloudFormation([stuck, "UPDATE_ROLLBACK_IN_PROGRESS", stuck])
    stack, _ = stack_of(answers)
    with pytest.raises(DeployError, match="--resources-to-skip"):
        make_ready(stack, lambda question: True)


class Refusing:
    """Every call fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def client(self, service: str) -> Refusing:
        return self

    def get_caller_identity(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refusal("AccessDenied", "User: arn:x is not authorized"), ConfigurationError, "is not authorized"),
        (refusal("Throttling", "Rate exceeded"), UnavailableError, "Throttling"),
        (refusal("LimitExceededException", "Too many"), DeployError, "LimitExceededException: Too many"),
    ],
)
def test_errors_of_aws_keep_their_words(error: Exception, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        Cloud(Refusing(error)).call("sts", "get_caller_identity")
