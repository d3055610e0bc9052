"""The public function: pages behind the links that customers are sent in private."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint, Response

bp = Blueprint(__name__)


def answer(token: str, request: Any) -> Response:
    """One request of Chalice's for a link's page to its answer."""
    from chalicelib.bootstrap import reception
    from chalicelib.core.errors import CareloopError
    from chalicelib.core.identify_page import headers, later
    from chalicelib.core.webhook import WebhookRequest, WebhookResponse
    from chalicelib.pipeline.identify import identify

    telemetry = None
    try:
        runtime = reception()
        telemetry = runtime.telemetry
        wanted = WebhookRequest(
            method=request.method,
            url="",  # it holds the token
            headers={str(key).lower(): str(value) for key, value in request.headers.items()},
            query={},
            body=request.raw_body or b"",
            received_at=runtime.clock.now(),
        )
        result = identify(runtime, token, wanted)
    except Exception as error:
        if telemetry is not None:
            code = error.code if isinstance(error, CareloopError) else type(error).__name__
            telemetry.log("identify", "failed", error_code=code)
        result = WebhookResponse(
            status=503, body=later("en"), content_type="text/html; charset=utf-8", headers=headers()
        )
    if telemetry is not None:
        telemetry.flush()
    shown: dict[str, str | list[str]] = {"Content-Type": result.content_type, **result.headers}
    return Response(body=result.body, status_code=result.status, headers=shown)


@bp.route("/identify/{token}", methods=["GET"])
def identity_form(token: str) -> Response:
    """The form behind a link. A route of its own: a browser's GET names no type, and Chalice takes that for JSON."""
    return answer(token, bp.current_request)


@bp.route("/identify/{token}", methods=["POST"], content_types=["application/x-www-form-urlencoded"])
def identity_answer(token: str) -> Response:
    """The form, filled in."""
    return answer(token, bp.current_request)
