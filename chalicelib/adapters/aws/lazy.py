"""Clients that are made when they are first used: no function needs all of them, nor at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from chalicelib.adapters.aws.light import Around


class Clients(Protocol):
    """Makes low-level clients: `light.LightClients`, or `clients.AwsClients` by botocore."""

    def client(self, service: str) -> Any:
        """The client of one service; always the same one."""
        ...


class Resources(Protocol):
    """The names of a stage's resources, as the settings have them."""

    @property
    def table(self) -> str: ...
    @property
    def inbound_queue(self) -> str: ...
    @property
    def outbound_queue(self) -> str: ...
    @property
    def jobs_queue(self) -> str: ...
    @property
    def dead_letters_queue(self) -> str: ...
    @property
    def archive_bucket(self) -> str: ...
    @property
    def secrets_prefix(self) -> str: ...
    @property
    def archive_days(self) -> int: ...
    @property
    def secrets_key(self) -> str: ...


class LazyClient:
    """A service's client, made at its first use."""

    def __init__(self, clients: Clients, service: str) -> None:
        self._clients = clients
        self._service = service

    def __getattr__(self, name: str) -> object:
        return getattr(self._clients.client(self._service), name)


def usual_clients(env: Mapping[str, str], around: Around | None = None) -> Clients:
    """The light clients in a Lambda function whose environment they understand; elsewhere botocore's, which know
    profiles, proxies and the other ways to credentials. ``around``: see `light.LightClients`."""
    if env.get("AWS_LAMBDA_FUNCTION_NAME"):
        from chalicelib.adapters.aws.light import from_environment, nothing

        light = from_environment(env, around or nothing)
        if light is not None:
            return light
    from chalicelib.adapters.aws.clients import AwsClients

    return AwsClients()
