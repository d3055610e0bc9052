"""Lambda function `outbound`: hints from the outbound queue to posted replies."""

from __future__ import annotations

import os
from typing import Any

from chalice.app import Blueprint

bp = Blueprint(__name__)


def handle_batch(event: dict[str, Any]) -> dict[str, Any]:
    """All records of one SQS batch."""
    from chalicelib.bootstrap import application
    from chalicelib.core.codec import from_json
    from chalicelib.core.jobs import HintEnvelope
    from chalicelib.entrypoints.worker import Record, run_batch
    from chalicelib.pipeline.respond import respond

    app = application()

    def handle(record: Record) -> None:
        respond(app.runtime, from_json(HintEnvelope, record.body), resumed=record.receive_count > 1)

    return run_batch(app, "outbound", event, handle)


@bp.on_sqs_message(queue=os.environ.get("CARELOOP_OUTBOUND_QUEUE", "careloop-dev-outbound.fifo"), batch_size=1)
def outbound(event: Any) -> dict[str, Any]:
    """Chalice's entry."""
    return handle_batch(event.to_dict())
