"""The mirror of CRMs' contacts in the contact index: whether it may be read."""

from __future__ import annotations

from chalicelib.core.account import ConnectionKind
from chalicelib.core.mirror import cursor_name, from_cursor, is_readable
from chalicelib.ports.runtime import Runtime


def is_mirrored(runtime: Runtime, connection: str) -> bool:
    """Whether all contacts of the CRM `connection` are in the contact index, so that look-ups need not ask the CRM: it
    is the built-in directory, or its mirror is whole and fresh. At most one read of one item. Raises
    ConfigurationError when there is no such connection."""
    capabilities = runtime.connectors.crm_spec(connection).capabilities
    if capabilities.in_index:
        return True
    options = runtime.stores.directory.get_connection(ConnectionKind.CRM, connection).options
    if not capabilities.lists_contacts or options.get("mirror") == "no":
        return False
    state = from_cursor(runtime.stores.cursors.find_cursor(cursor_name(connection)))
    return is_readable(state, runtime.policy.mirror_every, runtime.clock.now())
