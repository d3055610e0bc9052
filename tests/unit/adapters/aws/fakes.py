"""Clients that answer by script: what AWS says when it is busy, and nothing else can make it say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, status: int = 400, **more: Any) -> ClientError:
    """An answer with an error code."""
    response: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(response, "Operation")


def cancelled(*reasons: str | dict[str, Any]) -> ClientError:
    """A transaction's refusal, by the reason of each of its actions."""
    listed = [{"Code": reason} if isinstance(reason, str) else reason for reason in reasons]
    return refusal("TransactionCanceledException", CancellationReasons=listed)


class ScriptedClient:
    """Every method gives the next answer of the script, or raises it; ``calls`` are (method, arguments)."""

    def __init__(self, *answers: Any) -> None:
        self._answers: Sequence[Any] = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((method, arguments))
            assert self._answers, f"a call that is not in the script: {method}"
            answer, *self._answers = self._answers
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
