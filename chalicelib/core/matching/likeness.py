"""Accounts that look like another: handles a reader takes for one another, accounts younger than the record."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from chalicelib.core.matching.folding import disguise, fold_handle, forms, undecorated
from chalicelib.core.matching.names import PersonName
from chalicelib.core.people import Author, Contact


def is_young(author: Author, contact: Contact) -> bool:
    """The account is younger than the record of the person whose name it shows."""
    made = author.profile.account_created if author.profile else None
    return bool(made and contact.created and made.date() > contact.created.date())


def how_alike(handle: str, recorded: Iterable[str], record: PersonName) -> int:
    """0: `handle` is like none of the contact's `recorded` ones; 2: it differs from one in letters that look alike, in
    separators, by "official" or by one character behind what is no name; 1: in a few characters. Of a name with digits,
    which namesakes have too, something must be added or left out."""
    best = 0
    mine = fold_handle(handle)
    for other in recorded:
        theirs = fold_handle(other)
        has_one_more = mine[:-1] == theirs and len(theirs) > 4 and not is_only_name(theirs, record)
        is_disguised = mine != theirs and disguise(mine) == disguise(theirs)
        if has_one_more or is_disguised or _is_dressed_up(handle, other):
            best = 2
        elif is_only_name(theirs, record):
            has_more = not is_only_name(theirs, record, with_digits=True) and (mine in theirs or theirs in mine)
            best = max(best, int(has_more))
        elif _is_near(mine, theirs):
            best = max(best, 1)
    return best


def _is_dressed_up(handle: str, recorded: str) -> bool:
    """The same letters with other separators, or with "official" and the like added, on one server."""
    mine, theirs = handle.partition("@"), recorded.partition("@")
    if mine[0] == theirs[0] or mine[2] != theirs[2]:
        return False
    one, other = fold_handle(handle), fold_handle(recorded)
    return one == other or (one[:-1] != other and other in undecorated(handle))


def _is_near(one: str, other: str) -> bool:
    if min(len(one), len(other)) < 5:
        return False
    if one in other or other in one:
        return True
    from jellyfish import damerau_levenshtein_distance

    return bool(damerau_levenshtein_distance(one, other) <= 2)


@lru_cache(maxsize=4096)
def is_only_name(folded: str, record: PersonName, *, with_digits: bool = False) -> bool:
    """Whether a folded handle is the name alone, in whatever order, as namesakes take it; ``with_digits``: with none
    added."""
    rest = folded
    for word in (*record.family, *record.given):
        for form in sorted(forms(word), key=len, reverse=True):
            rest = rest.replace(form, "", 1)
    return not (rest if with_digits else rest.rstrip("0123456789"))
