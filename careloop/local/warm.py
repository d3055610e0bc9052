"""Imports what the entry points import at their first use. In Lambda one thread does that; here several would at once,
and Python lets one of two fail that import modules which need each other."""

from __future__ import annotations

from importlib import import_module

from chalicelib.bootstrap import Application
from chalicelib.connectors.registry import CONNECTORS
from chalicelib.core.account import ConnectionKind

LIBRARIES = ("urllib3", "urllib3.util")
STAGES = ("receive", "ingest", "respond", "working", "parked", "poll", "watch")
PARTS = ("spec", "webhook", "client")


def import_all(app: Application) -> None:
    """The pipeline's stages, and the connectors of all accounts and connections that have one."""
    for name in (*LIBRARIES, *(f"chalicelib.pipeline.{stage}" for stage in STAGES)):
        import_module(name)
    directory = app.runtime.stores.directory
    used = {(ConnectionKind.PLATFORM, account.key.platform) for account in directory.accounts()}
    used |= {(connection.kind, connection.connector) for connection in directory.connections()}
    for kind, name in sorted(used & CONNECTORS.keys()):
        for part in PARTS:
            if kind is not ConnectionKind.CRM or part != "webhook":
                import_module(f"{CONNECTORS[kind, name]}.{part}")
