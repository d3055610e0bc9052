"""What signs customers' links, and what verifies them: made here, kept apart, where only those look who need it.

The public function reads what verifies (VERIFY, all current values); workers read what signs (CALL, one value, and the
address that links lead to). A rotation has three steps, so that no link is refused: the new value verifies; it signs;
the old one is dropped when the last link that it signed has ended.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from careloop.connecting.storing import stored_credentials, stored_verification
from chalicelib.bootstrap import LINK_SECRET, LINKS, Application
from chalicelib.core.account import ConnectionKind
from chalicelib.core.errors import ConfigurationError
from chalicelib.pipeline.asking import ADDRESS, SIGNING

BEGUN, SIGNS = "links|begun", "links|signs"
"""Marks of a rotation: its beginning, and since when the new value signs."""
REMEMBERED = timedelta(minutes=5)
"""For so long functions remember a secret (adapters/aws/secrets.py)."""
_KIND = ConnectionKind.PLATFORM


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """As it is stored. ``keys``: what verifies, the newest first; empty: links were not set up."""

    keys: tuple[str, ...]
    signing: str
    address: str

    @property
    def are_ready(self) -> bool:
        """Whether a link that is sent now will be good."""
        return bool(self.address) and self.signing in self.keys

    @property
    def is_begun(self) -> bool:
        """A new value verifies, and does not sign yet."""
        return len(self.keys) > 1 and self.signing != self.keys[0]


def stored(app: Application) -> Links:
    """What is stored."""
    keys = stored_verification(app, _KIND, *LINKS).get(LINK_SECRET, ())
    signing = stored_credentials(app, _KIND, *LINKS)
    return Links(keys=keys, signing=signing.get(SIGNING, ""), address=signing.get(ADDRESS, ""))


def set_up(app: Application, address: str) -> bool:
    """Make the secrets, or only change the address. True: something changed. Raises ConfigurationError."""
    if not address.startswith(("https://", "http://127.0.0.1")):
        raise ConfigurationError("customers' links must begin with https://")
    known = stored(app)
    keys = known.keys or (secrets.token_urlsafe(32),)
    signing = known.signing if known.signing in keys else keys[-1]
    wanted = Links(keys=keys, signing=signing, address=address.rstrip("/"))
    if wanted == known:
        return False
    _verify(app, keys)
    _sign(app, signing, wanted.address)
    return True


def rotate(app: Application) -> datetime:
    """The next step. Returns when the one after it may be taken. Raises ConfigurationError when it is too early."""
    known, now = _ready(app), app.runtime.clock.now()
    health = app.runtime.stores.health
    if known.is_begun:
        begun = health.find_mark(BEGUN)
        if begun is not None and now < begun + REMEMBERED:
            raise ConfigurationError(f"the functions learn of the new value until {begun + REMEMBERED:%H:%M:%S} UTC")
        health.set_mark(SIGNS, now)
        _sign(app, known.keys[0], known.address)
        return now + REMEMBERED + app.runtime.policy.ask_expires
    if len(known.keys) > 1:
        raise ConfigurationError("the new value signs already. careloop links rotate --finish drops the old one")
    health.set_mark(BEGUN, now)
    _verify(app, (secrets.token_urlsafe(32), *known.keys))
    return now + REMEMBERED


def last_link_ends(app: Application) -> datetime | None:
    """When the last link that the old value signed ends; None: nobody knows, so that it was long ago."""
    since = app.runtime.stores.health.find_mark(SIGNS)
    return since + REMEMBERED + app.runtime.policy.ask_expires if since is not None else None


def finish(app: Application, *, force: bool) -> bool:
    """Drop the old value. False: there was none. Raises ConfigurationError while links of it are good, unless by
    ``force``: then they are good no more."""
    known = _ready(app)
    if len(known.keys) < 2:
        return False
    ends = last_link_ends(app)
    if not force and known.is_begun:
        raise ConfigurationError("the old value still signs. careloop links rotate lets the new one do so")
    if not force and ends is not None and app.runtime.clock.now() < ends:
        raise ConfigurationError(
            f"links that the old value signed are good until {ends:%Y-%m-%d %H:%M} UTC: wait, or add --force"
        )
    if known.is_begun:
        _sign(app, known.keys[0], known.address)
    _verify(app, known.keys[:1])
    return True


def _ready(app: Application) -> Links:
    known = stored(app)
    if not known.are_ready:
        raise ConfigurationError("links are not set up: careloop links set-up")
    return known


def _verify(app: Application, keys: tuple[str, ...]) -> None:
    app.secrets.put_verification(_KIND, *LINKS, {LINK_SECRET: keys})


def _sign(app: Application, secret: str, address: str) -> None:
    app.secrets.put_credentials(_KIND, *LINKS, {SIGNING: secret, ADDRESS: address})
