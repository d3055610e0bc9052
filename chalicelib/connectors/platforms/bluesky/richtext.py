"""Facets: what in a post's text is a link, a mention, a tag. Offsets are UTF-8 bytes, the end exclusive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import PayloadError
from chalicelib.core.text.facets import Entity, EntityKind, find_entities
from chalicelib.core.text.normalise import clean_text

_FACET = "app.bsky.richtext.facet"
LINK, MENTION, TAG = f"{_FACET}#link", f"{_FACET}#mention", f"{_FACET}#tag"
_MAX_TAG = 64
_Span = tuple[int, int, str]


def expanded_text(record: Reader) -> str:
    """The record's text with shortened links written out and links behind words put behind them, cleaned.

    Facets are the author's client's claim: one that fits the text badly is passed over, the text never lost.
    """
    raw = record.need("text").value
    if not isinstance(raw, str):
        raise PayloadError(f"{record.path}.text", "string expected")
    data = raw.encode("utf-8", "surrogatepass")
    parts: list[bytes] = []
    position = 0
    for start, end, uri in sorted(_links(record)):
        if position <= start < end <= len(data) and _is_boundary(data, start) and _is_boundary(data, end):
            shown = data[start:end].decode("utf-8", "replace")
            parts += [data[position:start], _written_out(shown, uri).encode("utf-8", "surrogatepass")]
            position = end
    parts.append(data[position:])
    text: str = clean_text(b"".join(parts).decode("utf-8", "surrogatepass"))
    return text


def mentioned(record: Reader) -> frozenset[str]:
    """The DIDs that the text mentions."""
    return frozenset(did for feature, _ in _features(record, MENTION) if (did := _text(feature, "did")))


def facets_for(text: str, resolve: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """The facets to send along with `text`: the server marks nothing by itself. `resolve` gives a handle's DID, or None
    for a name that is none: that stays plain text."""
    facets = []
    for entity in find_entities(text):
        feature = _feature(entity, resolve)
        if feature is not None:
            index = {"byteStart": entity.byte_start, "byteEnd": entity.byte_end}
            facets.append({"index": index, "features": [feature]})
    return facets


def _feature(entity: Entity, resolve: Callable[[str], str | None]) -> dict[str, str] | None:
    if entity.kind is EntityKind.LINK:
        return {"$type": LINK, "uri": entity.value}
    if entity.kind is EntityKind.HASHTAG:
        return {"$type": TAG, "tag": entity.value} if len(entity.value) <= _MAX_TAG else None
    # A handle is a domain name; user@instance is another network's.
    is_handle = "." in entity.value and "@" not in entity.value and "_" not in entity.value
    did = resolve(entity.value.lower()) if is_handle else None
    return {"$type": MENTION, "did": did} if did else None


def _links(record: Reader) -> Iterator[_Span]:
    for feature, index in _features(record, LINK):
        start, end, uri = index.value.get("byteStart"), index.value.get("byteEnd"), _text(feature, "uri")
        if type(start) is int and type(end) is int and uri and uri.startswith(("https://", "http://")):
            yield start, end, uri


def _features(record: Reader, kind: str) -> Iterator[tuple[Reader, Reader]]:
    """(feature, its facet's index) for every sound feature of that kind."""
    facets = record.find("facets")
    for facet in facets.value if facets is not None and isinstance(facets.value, list) else ():
        if not isinstance(facet, dict) or not isinstance(facet.get("index"), dict):
            continue
        features = facet.get("features")
        for feature in features if isinstance(features, list) else ():
            if isinstance(feature, dict) and feature.get("$type") == kind:
                yield Reader(feature, record.path), Reader(facet["index"], record.path)


def _text(feature: Reader, name: str) -> str | None:
    value = feature.value.get(name)
    return clean_text(value) if isinstance(value, str) else None


def _is_boundary(data: bytes, index: int) -> bool:
    return index >= len(data) or data[index] & 0xC0 != 0x80


def _written_out(shown: str, uri: str) -> str:
    bare = uri.split("://", 1)[1].rstrip("/")
    label = shown.strip().removeprefix("https://").removeprefix("http://").rstrip("/")
    if label.lower() == bare.lower():
        return shown
    cut = label.rstrip(".…")
    if cut != label and cut and bare.lower().startswith(cut.lower()):
        return uri
    return f"{shown} ({uri})"
