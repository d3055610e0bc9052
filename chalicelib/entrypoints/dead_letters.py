"""Lambda function `dead_letters`: what the queues gave up on is parked, with advice."""

from __future__ import annotations

import os
from typing import Any

from chalice.app import Blueprint

bp = Blueprint(__name__)


def handle_batch(event: dict[str, Any]) -> dict[str, Any]:
    """All records of one batch from the dead-letter queue."""
    from chalicelib.bootstrap import application
    from chalicelib.entrypoints.worker import Record, run_batch
    from chalicelib.pipeline.parked import dead_letter, origin

    app = application()

    def handle(record: Record) -> None:
        dead_letter(app.runtime, origin(record.body), record.body, record.group, record.id)

    return run_batch(app, "dead_letters", event, handle)


@bp.on_sqs_message(queue=os.environ.get("CARELOOP_DEAD_LETTERS_QUEUE", "careloop-dev-dead-letters.fifo"), batch_size=1)
def dead_letters(event: Any) -> dict[str, Any]:
    """Chalice's entry."""
    return handle_batch(event.to_dict())
