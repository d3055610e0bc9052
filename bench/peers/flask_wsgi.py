"""The job in Flask, behind serverless-wsgi."""

from __future__ import annotations

from typing import Any

import serverless_wsgi
from flask import Flask, Response, request

from bench.peers.job import SIGNATURE, work

app = Flask(__name__)


@app.post("/webhooks/platform/facebook/<endpoint>")
def webhook(endpoint: str) -> Response:
    """The route."""
    status, body = work(request.get_data(), request.headers.get(SIGNATURE, ""))
    return Response(body, status=status, mimetype="application/json")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    answer: dict[str, Any] = serverless_wsgi.handle_request(app, event, context)
    return answer
