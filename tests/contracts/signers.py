"""How each vendor signs its webhooks: ``tests/cases/<kind>s/<name>/signer.py`` with
``sign(secrets, body, received_at) -> headers``.

``secrets`` maps VERIFY fields to their current values; the vendor signs with the first of each. ``received_at`` is an
aware UTC time. The suites learn from the signer what the scheme covers: headers that change with the body make flipped
bytes count, headers that change with the time make old requests stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module

from chalicelib.connectors.registry import CONNECTORS
from chalicelib.core.account import ConnectionKind
from tests.contracts.cases import folder

Signer = Callable[[Mapping[str, Sequence[str]], bytes, datetime], dict[str, str]]


def find_signer(kind: ConnectionKind, name: str) -> Signer | None:
    """The connector's signer, or None when it has none."""
    if not (folder(kind, name) / "signer.py").is_file():
        return None
    signer: Signer = import_module(f"tests.cases.{kind}s.{name}.signer").sign
    return signer


SIGNERS: dict[tuple[ConnectionKind, str], Signer] = {
    key: signer for key in CONNECTORS if (signer := find_signer(*key)) is not None
}
