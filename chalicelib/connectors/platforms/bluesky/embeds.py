"""What a post carries beside its text: pictures, links, quoted posts, films. A new kind is an attachment too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.connectors.platforms.bluesky.places import AtUri, find_uri, image_page
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.events import Attachment, AttachmentKind

_EMBED = "app.bsky.embed."


def attachments_of(record: Reader, did: str) -> tuple[Attachment, ...]:
    """The attachments of a post's record by `did`. Whatever its embed holds: never an error, so that no text is lost
    for a strange picture."""
    try:
        embed = record.find("embed")
        return tuple(_attachments(embed, did)) if embed is not None else ()
    except PayloadError:
        return (Attachment(kind=AttachmentKind.UNKNOWN),)


def quoted_post(record: Reader) -> AtUri | None:
    """The post that `record` quotes, alone or beside media; None when there is none."""
    try:
        for names in (("embed", "record"), ("embed", "record", "record")):
            here = record.find(*names)
            uri = find_uri(here.find_id("uri")) if here is not None else None
            if uri is not None:
                return uri
    except PayloadError:
        pass
    return None


def _attachments(embed: Reader, did: str) -> Iterator[Attachment]:
    kind = embed.find_text("$type") or ""
    reader = _KINDS.get(kind)
    if reader is None:
        yield Attachment(kind=AttachmentKind.UNKNOWN, title=kind[:100] or None)
        return
    yield from reader(embed, did)


def _images(embed: Reader, did: str) -> Iterator[Attachment]:
    for item in embed.items("images"):
        yield _image(item, did)


def _gallery(embed: Reader, did: str) -> Iterator[Attachment]:
    for item in embed.items("items"):
        if (item.find_text("$type") or "").endswith("#image"):
            yield _image(item, did)
        else:
            yield Attachment(kind=AttachmentKind.UNKNOWN, title=(item.find_text("$type") or "")[:100] or None)


def _image(item: Reader, did: str) -> Attachment:
    cid = item.need_id("image", "ref", "$link")
    return _blob(item.need("image"), AttachmentKind.IMAGE, cid, url=image_page(did, cid), title=item.find_text("alt"))


def _video(embed: Reader, did: str) -> Iterator[Attachment]:
    cid = embed.need_id("video", "ref", "$link")
    yield _blob(embed.need("video"), AttachmentKind.VIDEO, cid, url=None, title=embed.find_text("alt"))


def _blob(blob: Reader, kind: AttachmentKind, cid: str, *, url: str | None, title: str | None) -> Attachment:
    size = blob.value.get("size")
    return Attachment(
        kind=kind,
        url=url,
        title=title or None,
        media_type=blob.find_text("mimeType"),
        size=size if type(size) is int and size >= 0 else None,
        remote_id=cid,
    )


def _external(embed: Reader, did: str) -> Iterator[Attachment]:
    uri = embed.need_text("external", "uri")
    title = embed.find_text("external", "title") or None
    yield Attachment(
        kind=AttachmentKind.LINK, url=uri if uri.startswith(("https://", "http://")) else None, title=title
    )


def _quote(embed: Reader, did: str) -> Iterator[Attachment]:
    uri = embed.need_id("record", "uri")
    found = find_uri(uri)
    title = "Quoted post" if found is not None and found.permalink else "Quoted record"
    url = found.permalink if found is not None else None
    yield Attachment(kind=AttachmentKind.LINK, url=url, title=title, remote_id=uri)


def _quote_and_media(embed: Reader, did: str) -> Iterator[Attachment]:
    yield from _quote(embed.need("record"), did)
    yield from _attachments(embed.need("media"), did)


_KINDS: dict[str, Callable[[Reader, str], Iterator[Attachment]]] = {
    f"{_EMBED}images": _images,
    f"{_EMBED}gallery": _gallery,
    f"{_EMBED}video": _video,
    f"{_EMBED}external": _external,
    f"{_EMBED}record": _quote,
    f"{_EMBED}recordWithMedia": _quote_and_media,
}
