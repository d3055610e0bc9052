"""Matrix's data sheet. Sources: the Matrix specification and a real Synapse; see README.md."""

from __future__ import annotations

from chalicelib.core.capabilities import PlatformCapabilities, PlatformTerms, Threading
from chalicelib.core.events import AttachmentKind, Surface
from chalicelib.core.media import MediaLimit
from chalicelib.core.text.length import LengthUnit, Limit, TextLimits
from chalicelib.ports.spec import CredentialField, Fact, Level, OptionField, PlatformSpec, ShownBy, UsedFor

THREADS = ("follow", "always", "never")
FILE_TYPES = {"image": "m.image", "video": "m.video", "audio": "m.audio"}
"""Of message types, by the first half of the media type; all else is an m.file."""
MOST_FILE_BYTES = 20_000_000
"""What a worker holds in memory. Synapse takes 50 MB unless told otherwise (max_upload_size, 1.163)."""

_KINDS = {
    AttachmentKind.IMAGE: ("image/*",),
    AttachmentKind.VIDEO: ("video/*",),
    AttachmentKind.AUDIO: ("audio/*",),
    AttachmentKind.FILE: ("*/*",),
}

SPEC = PlatformSpec(
    name="matrix",
    title="Matrix",
    level=Level.COMPLETE,
    capabilities=PlatformCapabilities(
        surfaces=frozenset({Surface.DM}),
        # An event has at most 65,536 bytes as a whole; escapes in JSON may double a text.
        text_limits=TextLimits((Limit(32_000, LengthUnit.BYTES),)),
        attachments=frozenset(_KINDS),
        media=tuple(
            MediaLimit(kind=kind, media_types=types, most_bytes=MOST_FILE_BYTES) for kind, types in _KINDS.items()
        ),
        threading=Threading.NONE,
        terms=PlatformTerms(note="The homeserver is the company's or its provider's: its own terms hold."),
    ),
    credentials=(
        CredentialField(
            name="hs_token",
            description="The registration file's hs_token: the homeserver proves itself with it",
            used_for=UsedFor.VERIFY,
            example="30c05ae90a248a4188e620216fa72e349803310ec83e2a77b34fe90be6081f46",
        ),
        CredentialField(
            name="as_token",
            description="The registration file's as_token: Careloop calls the homeserver with it",
            used_for=UsedFor.CALL,
            example="5d8b3f1c0a7e42964d0e9a6b8c7f2e1d3a5b4c6d7e8f90123456789abcdef012",
        ),
    ),
    hosts=(),
    shown_by=ShownBy.REAL_SERVER,
    options=(
        OptionField(
            name="base_url",
            description="The homeserver's client API",
            required=True,
            example="https://matrix.example.com",
        ),
        OptionField(
            name="threads",
            description="Answer in a thread: follow (where the customer does), always, or never",
            default="follow",
            example="always",
        ),
        OptionField(
            name="service_id",
            description="The registration file's id: the health check then has the homeserver call our endpoint",
            example="careloop",
        ),
        OptionField(
            name="poll",
            description="'true': look each minute for what was not pushed; 'false': never; else as often as the policy "
            "says (reconcile_every)",
        ),
    ),
    api_version="v1.13",
    facts=(
        Fact(what="An event has at most 65,536 bytes", source="spec.matrix.org, size limits", date="2024-12"),
        Fact(
            what="Events are pushed in order, at least once; a failed transaction holds back all that follow",
            source="tried on Synapse 1.163.2",
            date="2026-11-22",
        ),
        Fact(
            what="An answer without Content-Type or Content-Length counts as a failure",
            source="tried on Synapse 1.163.2",
            date="2026-11-22",
        ),
        Fact(
            what="The same transaction id sends once while it is remembered: half an hour at least, not over a restart",
            source="spec.matrix.org, transaction identifiers; Synapse 1.163.2, tried and read",
            date="2026-11-22",
        ),
        Fact(
            what="Pushed events do not carry unsigned.transaction_id, listed ones do",
            source="tried on Synapse 1.163.2",
            date="2026-11-22",
        ),
    ),
)
