"""WhatsApp's receiving part: Meta's webhook, whichever of the family's events it holds."""

from __future__ import annotations

from chalicelib.connectors.platforms._meta.receiver import MetaReceiver


class Receiver(MetaReceiver):
    """``Receiver(context)``. Secrets: ``app_secret``, ``verify_token``."""
