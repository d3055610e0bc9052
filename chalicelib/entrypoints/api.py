"""The public function: webhooks of platforms and helpdesks. No call out but to the queue and the archive."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Response

bp = Blueprint(__name__)

CONTENT_TYPES = [
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
]
_METHODS = ["GET", "POST", "PUT"]
_MATRIX = "/webhooks/platform/{name}/{endpoint}/_matrix/app/v1"


def answer(kind: str, name: str, endpoint: str, request: Any, suffix: str = "") -> Response:
    """One webhook request of Chalice's to its answer."""
    from chalicelib.bootstrap import reception
    from chalicelib.core.account import ConnectionKind
    from chalicelib.core.errors import CareloopError
    from chalicelib.core.webhook import WebhookRequest
    from chalicelib.entrypoints.responses import refusal
    from chalicelib.pipeline.receive import receive

    telemetry = None
    try:
        runtime = reception()
        telemetry = runtime.telemetry
        webhook = WebhookRequest(
            method=request.method,
            url=request.context.get("path", ""),
            headers={str(key).lower(): str(value) for key, value in request.headers.items()},
            query=dict(request.query_params or {}),
            body=request.raw_body or b"",
            received_at=runtime.clock.now(),
            path_suffix=suffix,
        )
        result = receive(runtime, ConnectionKind(kind), name, endpoint, webhook)
    except Exception as error:
        result = refusal(error)
        if telemetry is not None:
            code = error.code if isinstance(error, CareloopError) else type(error).__name__
            telemetry.log("receive", "refused", connector=name[:40], status=result.status, error_code=code)
            telemetry.count("refused", status=str(result.status))
    if telemetry is not None:
        telemetry.flush()
    headers: dict[str, str | list[str]] = {"Content-Type": result.content_type, **result.headers}
    return Response(body=result.body, status_code=result.status, headers=headers)


@bp.route("/health", methods=["GET"])
def health() -> dict[str, str]:
    """That the function runs; nothing about the state."""
    return {"status": "ok"}


@bp.route("/webhooks/platform/{name}/{endpoint}", methods=_METHODS, content_types=CONTENT_TYPES)
def platform_webhook(name: str, endpoint: str) -> Response:
    """A platform's webhook or its challenge."""
    return answer("platform", name, endpoint, bp.current_request)


@bp.route("/webhooks/helpdesk/{name}/{endpoint}", methods=_METHODS, content_types=CONTENT_TYPES)
def helpdesk_webhook(name: str, endpoint: str) -> Response:
    """A helpdesk's webhook."""
    return answer("helpdesk", name, endpoint, bp.current_request)


@bp.route(_MATRIX + "/transactions/{transaction}", methods=["PUT"], content_types=CONTENT_TYPES)
def matrix_transaction(name: str, endpoint: str, transaction: str) -> Response:
    """A homeserver's transaction: it appends its own path to the application service's address."""
    suffix = f"/_matrix/app/v1/transactions/{transaction}"
    return answer("platform", name, endpoint, bp.current_request, suffix)


@bp.route(_MATRIX + "/{question}/{subject}", methods=["GET"])
def matrix_query(name: str, endpoint: str, question: str, subject: str) -> Response:
    """A homeserver asks whether a user or a room alias exists: it has none but those it knows."""
    return Response(body="{}", status_code=404, headers={"Content-Type": "application/json"})


@bp.route(_MATRIX + "/ping", methods=["POST"], content_types=CONTENT_TYPES)
def matrix_ping(name: str, endpoint: str) -> Response:
    """A homeserver checks that we answer."""
    return Response(body="{}", status_code=200, headers={"Content-Type": "application/json"})
