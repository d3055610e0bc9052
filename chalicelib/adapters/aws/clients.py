"""Clients for AWS services, by botocore alone: boto3 on top of it costs 45 ms of every cold start."""

from __future__ import annotations

from typing import Any

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
ATTEMPTS = 3
"""Throttling and broken connections are tried so often in all, with botocore's own pauses."""


class AwsClients:
    """Makes clients that share one session, so that botocore reads its data once.

    ``region`` and ``endpoint_url`` None: botocore's own sources (environment). Making a client does no I/O.
    """

    def __init__(self, *, region: str | None = None, endpoint_url: str | None = None) -> None:
        self._region = region
        self._endpoint_url = endpoint_url
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The low-level client of ``dynamodb``, ``sqs``, ``s3``, ``secretsmanager``; always the same one."""
        if service not in self._clients:
            from botocore.config import Config
            from botocore.session import Session

            if self._session is None:
                self._session = Session()
            self._clients[service] = self._session.create_client(
                service,
                region_name=self._region,
                endpoint_url=self._endpoint_url,
                config=Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                ),
            )
        return self._clients[service]
