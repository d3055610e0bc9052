"""What holds for every call of a helpdesk's or a CRM's client: as scripted, sound when answers are not, silent about
secrets."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import CareloopError
from chalicelib.core.events import Visibility
from chalicelib.core.ticket import TicketActivity
from chalicelib.ports.services import Http
from tests.contracts.cases import ExchangeCase, exchange_cases
from tests.contracts.connections import ABILITIES, Connector, required_methods, result_data
from tests.contracts.distrust import spoiled
from tests.contracts.faults import BROKEN, LOST, UNAUTHORISED, UNREADABLE, Fault, ReplayHttp, echo_of
from tests.fakes.http import ScriptedHttp
from tests.fakes.sessions import MemorySessions

WRITING = frozenset({"create_ticket", "add_comment"})
"""Calls that change something and can't be repeated blindly; all others may be."""
_LATER_ITEM = re.compile(r"\[[1-9]")
_NUMBER = re.compile(r"[0-9]+")


def each_call(kind: ConnectionKind, names: Sequence[str]) -> Any:
    """Parametrise by all cases in calls/."""
    found = [(name, case) for name in names for case in exchange_cases(kind, name, "calls")]
    return pytest.mark.parametrize(("name", "case"), found, ids=[f"{name}/{case.name}" for name, case in found])


def each_method(kind: ConnectionKind, names: Sequence[str]) -> Any:
    """Parametrise by the methods of a kind of connector."""
    methods = (*required_methods(kind), *ABILITIES[kind])
    found = [(name, method) for name in names for method in methods]
    return pytest.mark.parametrize(("name", "method"), found, ids=[f"{name}/{method}" for name, method in found])


def trials_of(subject: Connector, method: str) -> list[Trial]:
    """The cases of one method; those with internal entries first."""
    found = [Trial(subject, case) for case in subject.calls]
    return sorted((item for item in found if item.call == method), key=lambda item: not item.internal)


class Trial:
    """One case, read once and tried many times."""

    def __init__(self, subject: Connector, case: ExchangeCase) -> None:
        self.subject = subject
        self.name = case.name
        self.data = case.data
        self.exchange = case.exchange()
        self.call: str = self.data["call"]
        self.arguments: Mapping[str, Any] = self.data.get("arguments", {})

    @property
    def succeeds(self) -> bool:
        """Whether the case has a result."""
        return "error" not in self.data

    @property
    def writing_step(self) -> int | None:
        """The step of a successful writing call that writes; one with ``"prepares": true`` does not (an upload)."""
        if self.call not in WRITING or not self.succeeds:
            return None
        methods = [None if step.get("prepares") else step["request"]["method"] for step in self.exchange]
        return next((index for index, method in enumerate(methods) if method in ("POST", "PUT", "PATCH")), None)

    def outcome(self, http: Http, sessions: MemorySessions | None = None) -> Any:
        """What the call returns, or the error of the tree that it raises; anything else is a bug and goes through."""
        client = self.subject.client(http, self.data, sessions)
        try:
            return self.subject.call(client, self.call, self.arguments)
        except CareloopError as error:
            return error

    def with_fault(self, at: int, fault: Fault) -> tuple[Any, ReplayHttp]:
        """The outcome when step `at` goes wrong."""
        http = ReplayHttp(self.exchange, at=at, fault=fault)
        return self.outcome(http), http

    def spoiled_outcomes(self, done: set[tuple[str, ...]]) -> Iterator[tuple[str, Any]]:
        """(what was done, the outcome or whatever was raised) for each way to spoil each answer. What was ``done`` to
        an answer to the same question is not done again; of a list, the first item is spoiled."""
        for at, step in enumerate(self.exchange):
            if "json" not in step["response"]:
                continue
            headers = {"content-type": "application/json", **step["response"].get("headers", {})}
            lower = {name.lower(): value for name, value in headers.items()}
            status = step["response"].get("status", 200)
            question = (
                step["request"]["method"],
                _NUMBER.sub("N", step["request"]["url"]),
                str(self.internal == set()),
            )
            for what, bad in spoiled(json.dumps(step["response"]["json"]).encode()):
                if _LATER_ITEM.search(what) or (*question, what) in done:
                    continue
                done.add((*question, what))
                fault = Fault(what=what, status=status, body=bad, headers=lower)
                try:
                    yield f"{self.name}, step {at}, {what}", self.with_fault(at, fault)[0]
                except Exception as error:
                    yield f"{self.name}, step {at}, {what}", error

    @property
    def internal(self) -> set[str]:
        """Keys of the entries that the case says are internal."""
        result = self.data.get("result")
        replies = result.get("replies", ()) if isinstance(result, dict) else ()
        return {item["key"] for item in replies if item["visibility"] != Visibility.PUBLIC.value}


# -- as scripted -------------------------------------------------------------------------------------------------------


def is_as_scripted(trial: Trial) -> None:
    data, http = trial.data, ScriptedHttp(trial.exchange)
    found = trial.outcome(http)
    if "error" in data:
        assert isinstance(found, CareloopError), f"{data['error']} expected, there was a result"
        assert type(found).__name__ == data["error"], str(found)
        for key in ("retry_after", "remote_code"):
            if key in data:
                assert getattr(found, key, None) == data[key]
        assert data.get("advice", "") in getattr(found, "advice", "")
        if "survivor" in data:
            assert str(getattr(found, "survivor", "")) == data["survivor"]
    else:
        if isinstance(found, CareloopError):
            raise found
        assert result_data(found) == data["result"]
    http.done()


def calls_one_host_when_asked(trial: Trial) -> None:
    """Nothing when made; then one host, by TLS, with a time-out."""
    untouched = ScriptedHttp([])
    trial.subject.client(untouched, trial.data)
    assert untouched.requests == []
    http = ReplayHttp(trial.exchange)
    trial.outcome(http)
    assert len({urlsplit(request.url).netloc for request in http.requests}) <= 1
    for request in http.requests:
        assert urlsplit(request.url).scheme == "https"
        assert 0 < request.timeout <= 30
        assert trial.call in WRITING or request.idempotent, f"{request.method} may be repeated; say so"


# -- distrust ----------------------------------------------------------------------------------------------------------


def spoiled_answers_do_no_harm(trials: Sequence[Trial]) -> None:
    """Over all cases of one method."""
    harms, done = [], set[tuple[str, ...]]()
    for trial in trials:
        for what, found in trial.spoiled_outcomes(done):
            harm = _harm(found) or _leak(trial, found)
            if harm and not what.endswith(" = true"):
                harms.append(f"{what}: {harm}")
    assert not harms, f"{len(harms)} spoiled answers did harm, the first: {harms[:5]}"


def _harm(found: Any) -> str | None:
    if isinstance(found, CareloopError):
        return None
    if isinstance(found, Exception):
        return f"{type(found).__name__}: {found}"[:200]
    try:
        json.dumps(result_data(found), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "half a surrogate pair in the result"
    return None


def _leak(trial: Trial, found: Any) -> str | None:
    """Whatever is missing or wrong in an answer: what is not certainly public stays inside."""
    if not isinstance(found, TicketActivity):
        return None
    leaked = {item.key for item in found.replies if item.visibility is Visibility.PUBLIC} & trial.internal
    return f"made {sorted(leaked)} public" if leaked else None


# -- redaction ---------------------------------------------------------------------------------------------------------

_PERSONAL = frozenset({"body", "subject", "display_name", "name", "email", "emails", "handle", "value", "author_label"})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _personal(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item) if key in _PERSONAL else _personal(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _personal(item)


def _private(trial: Trial) -> list[str]:
    """What may appear in no error: credentials, and the words and names that a call is about."""
    found = [*trial.subject.credentials.values(), *_personal(trial.arguments)]
    return sorted({item for item in found if len(item) >= 8})


def _told(error: CareloopError) -> str:
    parts = [*traceback.format_exception(error), repr(error), str(error)]
    parts += [str(getattr(error, name, "")) for name in ("advice", "remote_code", "args")]
    return "\n".join(parts)


def no_error_gives_anything_away(trial: Trial) -> None:
    private = _private(trial)
    for at in range(len(trial.exchange)):
        for fault in (echo_of(private), UNAUTHORISED, *BROKEN, *UNREADABLE, *LOST):
            found, _ = trial.with_fault(at, fault)
            if isinstance(found, CareloopError):
                leaks = [item for item in private if item in _told(found)]
                assert not leaks, f"step {at}, {fault.what}: the error tells {leaks}"


def no_repr_or_address_gives_a_secret_away(trial: Trial) -> None:
    subject, http, sessions = trial.subject, ReplayHttp(trial.exchange), trial.subject.sessions(trial.data)
    client = subject.client(http, trial.data, sessions)
    trial.outcome(http, sessions)
    texts = repr(client) + repr(subject.context(http, trial.data, sessions)) + repr(sessions.sessions)
    addresses = "".join(request.url for request in http.requests)
    for name, value in subject.credentials.items():
        assert value not in texts, f"a repr shows {name}"
        assert value not in addresses, f"an address holds {name}"
