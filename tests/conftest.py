"""What holds for every test: no network, no real AWS account, the same examples on every run."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

from hypothesis import HealthCheck, settings

settings.register_profile(
    "careloop",
    derandomize=True,
    database=None,
    # Both measure wall-clock time, which a busy machine changes.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("careloop")

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_SESSION_TOKEN="testing",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_REGION="eu-central-1",
    AWS_EC2_METADATA_DISABLED="true",
    # moto in process does not know the addresses that botocore routes by account.
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
)
os.environ.pop("AWS_PROFILE", None)


def _is_this_machine(host: object) -> bool:
    """True for loopback addresses, unix sockets, and no host at all."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in ("", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.endswith(".localhost") or name.startswith("/")


def _stay_here(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: refuse a connection or a name look-up that leaves this machine."""
    if event == "socket.getaddrinfo":
        host: object = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else ""
    else:
        return
    if not _is_this_machine(host):
        raise RuntimeError(f"a test tried to reach {host!r}; tests use fakes and stand-ins on this machine")


sys.addaudithook(_stay_here)
