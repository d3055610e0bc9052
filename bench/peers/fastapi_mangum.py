"""The job in FastAPI, behind Mangum."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from mangum import Mangum

from bench.peers.job import SIGNATURE, work

app = FastAPI()


@app.post("/webhooks/platform/facebook/{endpoint}")
async def webhook(endpoint: str, request: Request) -> Response:
    """The route. It blocks while it sends: a container has one request at a time, and a thread would cost more."""
    status, body = work(await request.body(), request.headers.get(SIGNATURE, ""))
    return Response(content=body, status_code=status, media_type="application/json")


handler = Mangum(app, lifespan="off")
