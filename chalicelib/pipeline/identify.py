"""The public function's work on a link: show its form, take what was filled in. No database, no call but to the queue.

What a visitor sees depends on the link alone, never on what they typed: every answer is thanked in the same words. What
was typed goes into the inbound queue and nowhere else; neither it nor the link is archived or logged.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from chalicelib.core import identify_page as page
from chalicelib.core.errors import CareloopError
from chalicelib.core.events import IdentityClaimed, Parsed
from chalicelib.core.links import IdentityLink, Told, read_token
from chalicelib.core.questions import language_of
from chalicelib.core.webhook import WebhookRequest, WebhookResponse
from chalicelib.pipeline.receive import envelope_messages

if TYPE_CHECKING:
    from chalicelib.ports.runtime import Reception

MAX_BODY = 16 * 1024
"""Bytes. The form's longest values, all of them escaped, have less than half of that."""
MAX_FIELDS = 20
LENGTHS = {"name": 120, Told.NUMBER: 60, Told.EMAIL: 254, Told.PHONE: 40}
"""Characters that the form lets in; 254: RFC 5321, the longest address."""


def identify(runtime: Reception, token: str, request: WebhookRequest) -> WebhookResponse:
    """Answer one request for a link's page. Every outcome is a page, and none is an error."""
    link = read_token(token, runtime.link_keys(), request.received_at)
    if link is None:
        _note(runtime, "refused", None)
        wanted = request.headers.get("accept-language", "").partition(",")[0]
        return _shown(404, page.gone(language_of(wanted)))
    if request.method != "POST":
        return _shown(200, page.form(link.brand, link.language, link.fields))
    values = read_form(request.body) if len(request.body) <= MAX_BODY else {}
    if not values.get("name") or not any(values.get(item) for item in link.fields):
        _note(runtime, "incomplete", link)
        return _shown(422, page.form(link.brand, link.language, link.fields, missing=True))
    kept = {name: value for name, value in values.items() if name == "name" or name in link.fields}
    event = IdentityClaimed(account=link.account, case=link.case, token=link.token, at=request.received_at, values=kept)
    try:
        runtime.queues.inbound.send(envelope_messages(Parsed(events=(event,)), request.received_at, None))
    except CareloopError as error:
        _note(runtime, "failed", link, error.code)
        return _shown(503, page.later(link.language))
    _note(runtime, "accepted", link)
    return _shown(200, page.thanks(link.language))


def read_form(body: bytes) -> dict[str, str]:
    """The form's fields: one line each, cut to their lengths. What can't be read is as if it were not there."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}
    return {name: _line(value)[: LENGTHS[name]].strip() for name, value in pairs if name in LENGTHS}


def _line(value: str) -> str:
    """Without control and format characters, which could make one value look like several in a note."""
    shown = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in value[:1_000])
    return " ".join(shown.split())


def _shown(status: int, body: str) -> WebhookResponse:
    return WebhookResponse(status=status, body=body, content_type="text/html; charset=utf-8", headers=page.headers())


def _note(runtime: Reception, outcome: str, link: IdentityLink | None, code: str | None = None) -> None:
    account = str(link.account) if link is not None else None
    runtime.telemetry.log("identify", outcome, account=account, error_code=code)
    runtime.telemetry.count("identify", outcome=outcome)
