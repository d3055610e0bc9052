"""The job behind the event handler of aws-lambda-powertools."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types

from bench.peers.job import SIGNATURE, work

app = APIGatewayRestResolver()


@app.post("/webhooks/platform/facebook/<endpoint>")
def webhook(endpoint: str) -> Response[str]:
    """The route."""
    event = app.current_event
    status, body = work((event.body or "").encode(), event.headers.get(SIGNATURE, ""))
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, body=body)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    return app.resolve(event, context)
