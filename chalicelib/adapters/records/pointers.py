"""The ways to find a case: items that follow from the case alone, so that what changed can be told without a read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import document
from chalicelib.core.case import Case, CaseState
from chalicelib.core.ids import ConversationKey
from chalicelib.core.people import Verdict
from chalicelib.ports.table import Change, Condition, Delete, Item, Key, Put

LIVE = frozenset({CaseState.OPENING, CaseState.OPEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """A version of a case, and the keys of the items that lead to it."""

    case: Case
    conversations: frozenset[Key]
    tickets: frozenset[Key]
    contacts: frozenset[Key]
    authors: frozenset[Key]
    open_conversations: Mapping[Key, ConversationKey]

    @classmethod
    def to(cls, case: Case) -> Pointers:
        """All that follow from `case`."""
        live = case.state in LIVE
        linked = case.match.contact if live and case.match.verdict is Verdict.LINKED else None
        return cls(
            case=case,
            conversations=frozenset(keys.conversation(item.key) for item in case.conversations),
            tickets=frozenset((keys.ticket(case.ticket),) if case.ticket else ()),
            contacts=frozenset((keys.contact_case(linked.ref, case.opened_at, case.id),) if linked else ()),
            authors=frozenset(keys.author_case(item.author.key, case.id) for item in case.conversations),
            open_conversations={
                keys.open_conversation(case.id, item.key, item.last_message_at): item.key
                for item in (case.conversations if live else ())
            },
        )


def pointer_changes(before: Pointers | None, after: Pointers, *, takes_over: bool) -> Sequence[Change]:
    """What must change beside the case's own item when `after` replaces `before` (None: a new case).

    A conversation's, a ticket's and an author's pointer are never removed: an old ticket still leads to its case, and
    who asks to be forgotten is found in old cases too. The rows of a contact's open cases and of an account's open
    conversations are.
    """
    old = before or _NOTHING
    item: Item = {"case": after.case.id}
    unowned = None if takes_over else Condition(equals={"case": after.case.id}, or_absent=True)
    taken = after.conversations if takes_over else after.conversations - old.conversations
    rows = after.open_conversations
    return [
        *(Put(key=key, item=item, condition=unowned) for key in sorted(taken)),
        *(Put(key=key, item=item, condition=unowned) for key in after.tickets - old.tickets),
        *(Put(key=key, item=item) for key in after.contacts - old.contacts),
        *(Put(key=key, item=item) for key in sorted(after.authors - old.authors)),
        *(Put(key=key, item={"doc": document(rows[key])}) for key in rows if key not in old.open_conversations),
        *(Delete(key=key) for key in old.contacts - after.contacts),
        *(Delete(key=key) for key in old.open_conversations if key not in rows),
    ]


class _Nothing:
    conversations: frozenset[Key] = frozenset()
    tickets: frozenset[Key] = frozenset()
    contacts: frozenset[Key] = frozenset()
    authors: frozenset[Key] = frozenset()
    open_conversations: Mapping[Key, ConversationKey] = {}


_NOTHING = _Nothing()
