"""Lambda function `inbound`: events from the inbound queue to their disposition."""

from __future__ import annotations

import os
from typing import Any

from chalice.app import Blueprint

bp = Blueprint(__name__)


def handle_batch(event: dict[str, Any]) -> dict[str, Any]:
    """All records of one SQS batch."""
    from chalicelib.bootstrap import application
    from chalicelib.core.codec import from_json
    from chalicelib.core.events import Envelope
    from chalicelib.entrypoints.worker import Record, run_batch
    from chalicelib.pipeline.ingest import ingest

    app = application()

    def handle(record: Record) -> None:
        ingest(app.runtime, from_json(Envelope, record.body), owner=record.id)

    return run_batch(app, "inbound", event, handle)


@bp.on_sqs_message(queue=os.environ.get("CARELOOP_INBOUND_QUEUE", "careloop-dev-inbound.fifo"), batch_size=1)
def inbound(event: Any) -> dict[str, Any]:
    """Chalice's entry."""
    return handle_batch(event.to_dict())
