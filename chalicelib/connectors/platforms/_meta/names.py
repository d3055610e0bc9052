"""The names of Meta's family. Apart from the rest of its data, which the public function has no use for."""

from __future__ import annotations

FACEBOOK = "facebook"
MESSENGER = "messenger"
INSTAGRAM = "instagram"
WHATSAPP = "whatsapp"
THREADS = "threads"
FAMILY = (FACEBOOK, MESSENGER, INSTAGRAM, WHATSAPP, THREADS)
"""One Meta app calls one address, of any of these names, for all of them."""
