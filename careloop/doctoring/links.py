"""Check of what customers' links need: the secret, the address, no rotation left half done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from careloop.connecting.links import last_link_ends, stored
from careloop.doctoring.findings import Finding, bad, good, unseen, warn
from careloop.doctoring.patient import Patient
from chalicelib.core.errors import CareloopError
from chalicelib.core.links import PATH
from chalicelib.core.questions import AskBy, AskInPrivate
from chalicelib.ports.services import HttpRequest


def links(patient: Patient, subject: Any) -> Iterator[Finding]:
    """That a link which is sent leads to its page."""
    app = patient.ready()
    policy = app.runtime.policy
    set_up = f"careloop links set-up {patient.where}"
    if not patient.cloud:
        set_up += " --url ADDRESS"
    known = stored(app)
    if not known.are_ready:
        unused = policy.ask_in_private == AskInPrivate.NEVER or policy.ask_by == AskBy.QUESTION
        if unused or not any(item.crms for item in patient.accounts()):
            yield good("not set up, and not needed")
        else:
            yield warn("not set up: /ask can't send a link, only /ask question works", set_up)
        return
    address = known.address
    if patient.api is not None and address != patient.api:
        yield warn(f"links lead to {address}, the API is at {patient.api}", set_up)
    if len(known.keys) > 1:
        last = last_link_ends(app)
        is_over = not known.is_begun and (last is None or last <= patient.clock.now())
        command = "careloop links rotate" + (" --finish" if is_over else "")
        if is_over or known.is_begun:
            yield warn("the secret is being rotated: old and new value are good", f"{command} {patient.where}")
    yield _page(patient, address, set_up)


def _page(patient: Patient, address: str, set_up: str) -> Finding:
    """A link that nobody signed must show its page: the one for links that are no good."""
    request = HttpRequest(method="GET", url=f"{address}{PATH}doctor", timeout=10.0, idempotent=True)
    try:
        answer = patient.http.send(request)
    except CareloopError as error:
        return unseen(f"{address} can't be reached: {error.code}")
    if answer.status == 404 and b"<main>" in answer.body:
        return good(f"{address}{PATH}... answers")
    if answer.status >= 500:
        return unseen("the API does not answer")
    return bad(f"{address}{PATH}... answers {answer.status}, not as ours does", set_up)
