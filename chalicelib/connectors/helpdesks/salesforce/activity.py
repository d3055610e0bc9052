"""Which of the agents' entries belong to a customer's story, where cases were merged. Pure.

A merge adds the comments of the other cases to the master. Nothing says where a comment stood before; but a comment
that is moved is changed at the moment of the merge, as is the case that it is taken from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.connectors.helpdesks.salesforce.reading import Entry, Shown
from chalicelib.core.events import Visibility

TOGETHER = timedelta(seconds=10)
"""Changes of one transaction have times that are no further apart."""


def agents_entries(
    path: Sequence[Shown], rows: Sequence[Entry], merged_into: Callable[[str], list[Shown]]
) -> list[Entry]:
    """Those of `rows` that were said to the customer of ``path[0]``, whose story went on in the others. What was said
    to others before the merge is left out; what may have been is no answer: INTERNAL."""
    if len(path) > 1:
        return [row for row in rows if _is_of_story(path, row)]
    if not any(_was_changed(row) for row in rows):
        return list(rows)
    others = merged_into(path[0].id)
    return [_doubted(row) if any(_may_be_brought(row, other) for other in others) else row for row in rows]


def _is_of_story(path: Sequence[Shown], row: Entry) -> bool:
    if row.parent == path[0].id:
        return True
    merge = path[-2].stamp
    if row.at > merge:
        return True
    # several merges in a row: only what came after the first is certainly the customer's
    is_moved = _was_changed(row) and abs(row.stamp - merge) <= TOGETHER
    return is_moved and (len(path) == 2 or row.at > path[0].stamp)


def _was_changed(row: Entry) -> bool:
    """Since it was written: edited, or moved by a merge."""
    return abs(row.stamp - row.at) > timedelta(seconds=1)


def _may_be_brought(row: Entry, other: Shown) -> bool:
    return _was_changed(row) and row.at <= other.stamp


def _doubted(row: Entry) -> Entry:
    return replace(row, visibility=Visibility.INTERNAL)
