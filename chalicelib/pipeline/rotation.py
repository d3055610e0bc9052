"""Rotating a verification secret: for a while both values are good; a mark tells when a sender first used the new one.

The public function may not write the state, so it tells by the jobs queue, and only while there are several values.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.core.errors import CareloopError
from chalicelib.ports.runtime import NoticesRotation

if TYPE_CHECKING:
    from chalicelib.core.account import ConnectionKind, Endpoint
    from chalicelib.core.jobs import NoteProof
    from chalicelib.core.webhook import WebhookRequest
    from chalicelib.ports.runtime import Reception, Runtime


def source_of(kind: ConnectionKind, connector: str, endpoint: str) -> str:
    """An endpoint in one word."""
    return f"{kind}/{connector}/{endpoint}"


def proof_mark(source: str, field: str) -> str:
    """Where it is kept when a sender last used the new value."""
    return f"proof|{source}|{field}"


def begun_mark(source: str, field: str) -> str:
    """Where it is kept when the rotation began."""
    return f"rotation|{source}|{field}"


def note_proofs(runtime: Reception, kind: ConnectionKind, endpoint: Endpoint, request: WebhookRequest) -> None:
    """Tell of fields whose new value `request` proves, at most once in five minutes. Never fails: the webhook itself is
    dealt with."""
    connectors = runtime.connectors
    if not _notices(connectors.__class__):
        return
    assert isinstance(connectors, NoticesRotation)
    source = source_of(kind, endpoint.connector, endpoint.name)
    try:
        for field in connectors.newly_proven(kind, endpoint, request):
            _tell(runtime, source, field, request)
    except CareloopError as error:
        runtime.telemetry.log("receive", "proof_not_noted", endpoint=source, error_code=error.code)


def _tell(runtime: Reception, source: str, field: str, request: WebhookRequest) -> None:
    from chalicelib.core.codec import to_json
    from chalicelib.core.jobs import JobEnvelope, NoteProof  # seldom
    from chalicelib.pipeline.jobs import group_of
    from chalicelib.ports.services import QueueMessage

    job = NoteProof(source=source, field=field, at=request.received_at)
    body = to_json(JobEnvelope(job=job, made_at=request.received_at))
    group = group_of(job)
    runtime.queues.jobs.send([QueueMessage(body=body, group=group, dedup=group)])


def keep_proof(runtime: Runtime, job: NoteProof) -> None:
    """Set the mark."""
    runtime.stores.health.set_mark(proof_mark(job.source, job.field), job.at)


@cache
def _notices(kind: type) -> bool:
    return issubclass(kind, NoticesRotation)
