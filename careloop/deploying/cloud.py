"""AWS as an operator's commands use it: one call at a time, errors in the words of the error tree."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.adapters.aws.clients import AwsClients
from chalicelib.adapters.aws.failures import code_of, reporting
from chalicelib.core.errors import CareloopError, ConfigurationError


class DeployError(CareloopError):
    """Something is in AWS otherwise than a command needs it; the message says what to do."""

    code = "deploy"


class Clients(Protocol):
    """Makes low-level clients of AWS services."""

    def client(self, service: str) -> Any:
        """The client of a service."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stage lives."""

    account: str
    region: str
    partition: str = "aws"

    @property
    def dns_suffix(self) -> str:
        """Of the addresses of AWS services."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def arn(self, service: str, resource: str) -> str:
        """The name of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


class Cloud:
    """Calls to AWS. ``sleep`` waits for seconds; ``patience``: seconds after which waiting is given up."""

    def __init__(
        self, clients: Clients | None = None, *, sleep: Callable[[float], None] = time.sleep, patience: float = 3600.0
    ) -> None:
        self._clients = clients or AwsClients()
        self._sleep = sleep
        self._patience = patience

    def call(self, service: str, operation: str, *, missing: Collection[str] = (), **arguments: Any) -> Any:
        """The answer, or None when AWS says one of the codes in `missing`. Raises CareloopError: ConfigurationError (no
        credentials, no rights, no region), UnavailableError, DeployError with AWS's own words for the rest."""
        from botocore.exceptions import ClientError, ParamValidationError

        try:
            with reporting(operation, leaving=missing):
                return getattr(self._clients.client(service), operation)(**arguments)
        except ClientError as error:
            if code_of(error) in missing:
                return None
            message = error.response.get("Error", {}).get("Message", "")
            raise DeployError(f"{operation}: {code_of(error)}: {message}") from error
        except ParamValidationError as error:
            raise DeployError(f"{operation}: {error}") from error
        except ConfigurationError as error:
            cause = error.__cause__
            words = getattr(cause, "response", {}).get("Error", {}).get("Message", "") if cause else ""
            raise ConfigurationError(f"{error}{': ' if words else ''}{words}") from error

    def each(self, service: str, operation: str, key: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        """All items of a list that comes in pages; `key` is its name in the answer."""
        client = self._clients.client(service)
        pages = (
            client.get_paginator(operation).paginate(**arguments)
            if client.can_paginate(operation)
            else [self.call(service, operation, **arguments)]
        )
        with reporting(operation):
            for page in pages:
                yield from page.get(key, ())

    def wait(self, what: str, done: Callable[[], bool], *, every: float = 2.0) -> None:
        """Ask until it is done. Raises DeployError when it takes longer than an hour."""
        waited = 0.0
        while not done():
            if waited >= self._patience:
                raise DeployError(f"{what} takes longer than {self._patience / 60:.0f} minutes: look into the console")
            self._sleep(every)
            waited += every

    def place(self) -> Place:
        """Account and region of the credentials."""
        identity = self.call("sts", "get_caller_identity")
        region = str(self._clients.client("sts").meta.region_name)
        return Place(account=str(identity["Account"]), region=region, partition=str(identity["Arn"]).split(":")[1])
