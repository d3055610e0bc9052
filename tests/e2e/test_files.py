"""Files both ways on real servers: what a customer sends is fetched byte for byte, and what goes out is seen."""

from __future__ import annotations

import secrets
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.http import UrllibHttp
from chalicelib.connectors.platforms.bluesky.client import Client as BlueskyClient
from chalicelib.connectors.platforms.matrix.client import Client as MatrixClient
from chalicelib.core.account import Account
from chalicelib.core.errors import NotFoundError
from chalicelib.core.events import Attachment, AttachmentKind, InboundMessage, Visibility
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, MessageId, ThreadId, ThreadKey
from chalicelib.core.media import MediaFile
from chalicelib.core.reply import OutboundReply
from chalicelib.ports.platform import PlatformContext
from tests.e2e.servers.bluesky import Bluesky
from tests.e2e.servers.web import wait_until
from tests.e2e.test_loop_matrix import Room
from tests.e2e.test_loop_matrix import room as a_room
from tests.fakes.sessions import MemorySessions

pytestmark = pytest.mark.e2e


room = a_room  # the fixture


def picture() -> bytes:
    """A PNG of one pixel, of a colour of its own."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\x00" + secrets.token_bytes(3))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def context(platform: str, account: str, base_url: str, **credentials: str) -> PlatformContext:
    key = AccountKey(platform=platform, account=AccountId(account))
    return PlatformContext(
        account=Account(key=key, title="Acme", helpdesk="rt", options={"base_url": base_url}),
        credentials=credentials,
        http=UrllibHttp(),
        clock=SystemClock(),
        sessions=MemorySessions(),
    )


def reply(
    account: AccountKey, thread: str, answered: str, to: str, data: bytes, visibility: Visibility
) -> OutboundReply:
    return OutboundReply(
        key=f"rt:1|{secrets.token_hex(4)}|1",
        account=account,
        thread=ThreadKey(account=account, thread=ThreadId(thread)),
        in_reply_to=MessageId(answered),
        recipient=AuthorId(to),
        text="Like this one?",
        visibility=visibility,
        began_at=datetime.now(UTC),
        attachments=(Attachment(kind=AttachmentKind.IMAGE, url="https://desk.example/1", media_type="image/png"),),
        files=(MediaFile(name="label.png", media_type="image/png", content=data),),
    )


@pytest.mark.parametrize("product", ["local"], indirect=True)
def test_matrix(room: Room) -> None:
    """Straight through the connector, beside a product that works on the same room."""
    client, customer, brand = room.client(), room.customer, room.synapse.brand_id
    theirs = picture()
    event = customer.send_file(room.room, theirs, "damage.png")
    found: Any = wait_until(lambda: message(client, room.room, event), "the picture", timeout=60)
    [attachment] = found.attachments
    file = client.fetch_media(attachment, most_bytes=10_000)
    assert (file.name, file.media_type, file.content) == ("damage.png", "image/png", theirs)

    ours = picture()
    account = AccountKey(platform="matrix", account=AccountId(brand))
    receipt = client.send(reply(account, room.room, event, customer.user_id, ours, Visibility.PRIVATE))
    seen = customer.wait_message(room.room, by=brand, text="Like this one?")
    assert seen["event_id"] == receipt.messages[0]
    content = seen["content"]
    assert (content["msgtype"], content["filename"]) == ("m.image", "label.png")
    media = content["url"].removeprefix("mxc://")
    answer = customer.api.call("GET", f"/_matrix/client/v1/media/download/{media}", expect=[200])
    assert answer.body == ours


def message(client: MatrixClient, room: str, event: str) -> InboundMessage | None:
    try:
        listed = client.list_thread(ThreadId(room)).events
    except NotFoundError:
        return None  # the product has not joined yet
    return next((item for item in listed if isinstance(item, InboundMessage) and item.key.message == event), None)


def test_bluesky(bluesky: Bluesky) -> None:
    brand, customer = bluesky.create_account("brand"), bluesky.create_account("kim")
    client = BlueskyClient(context("bluesky", brand.did, bluesky.url, app_password=brand.app_password()))
    post = customer.post("is this right?")
    customer.wait_visible(post.uri)
    ours = picture()
    account = AccountKey(platform="bluesky", account=AccountId(brand.did))
    receipt = client.send(reply(account, post.uri, post.uri, customer.did, ours, Visibility.PUBLIC))
    [record] = [item for item in brand.records() if item["uri"] == receipt.messages[0]]
    [image] = record["value"]["embed"]["images"]
    assert (image["alt"], image["image"]["mimeType"], image["image"]["size"]) == ("label.png", "image/png", len(ours))
    client.remove(receipt.messages[0])
    client.remove(receipt.messages[0])
    assert not [item for item in brand.records() if item["uri"] == receipt.messages[0]]
