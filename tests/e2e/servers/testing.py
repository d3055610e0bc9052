"""How tests get a server: skipped with the reason where it cannot be installed, never silently passed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from tests.e2e.servers.base import LocalServer
from tests.e2e.servers.installing import NotInstallable

ServerT = TypeVar("ServerT", bound=LocalServer)


def skip_or_fail(what: str, error: NotInstallable) -> None:
    """Skip the test, or fail it when ``CARELOOP_E2E_STRICT`` says that everything must be installable here."""
    message = f"{what} is not installable here: {error.reason}"
    if os.environ.get("CARELOOP_E2E_STRICT"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def fresh(server: ServerT, **options: Any) -> Iterator[ServerT]:
    """The server, installed if need be, with fresh state and started; stopped at the end. For fixtures of any scope."""
    try:
        server.install()
    except NotInstallable as error:
        skip_or_fail(server.name, error)
    server.reset()
    server.start(**options)
    try:
        yield server
    finally:
        server.reset()
