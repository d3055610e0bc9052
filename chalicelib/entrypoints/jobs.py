"""Lambda function `jobs`: polls, re-reads and parking, one small bounded job per message."""

from __future__ import annotations

import os
from typing import Any

from chalice.app import Blueprint

bp = Blueprint(__name__)


def handle_batch(event: dict[str, Any]) -> dict[str, Any]:
    """All records of one SQS batch."""
    from chalicelib.bootstrap import application
    from chalicelib.core.codec import from_json
    from chalicelib.core.errors import CareloopError
    from chalicelib.core.jobs import JobEnvelope
    from chalicelib.entrypoints.worker import Record, run_batch
    from chalicelib.pipeline.working import job_failed, run_job

    app = application()

    def handle(record: Record) -> None:
        envelope: JobEnvelope = from_json(JobEnvelope, record.body)
        try:
            run_job(app.runtime, envelope)
        except CareloopError as error:
            if not job_failed(app.runtime, envelope, error):
                raise

    return run_batch(app, "jobs", event, handle)


@bp.on_sqs_message(queue=os.environ.get("CARELOOP_JOBS_QUEUE", "careloop-dev-jobs.fifo"), batch_size=1)
def jobs(event: Any) -> dict[str, Any]:
    """Chalice's entry."""
    return handle_batch(event.to_dict())
