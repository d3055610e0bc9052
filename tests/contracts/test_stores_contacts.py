"""The contract of the contact index: exact clues, all of a contact's keys and none that it lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from careloop.local.system import open_local
from chalicelib.adapters.records.contacts import RecordContacts
from chalicelib.core.ids import ContactRef
from chalicelib.core.matching import contact_keys, index_keys
from chalicelib.core.people import Clue, ClueKind, Clues, Contact, SocialHandle
from chalicelib.ports.stores import Stores
from tests.contracts.families import CountingTable, State, opened
from tests.contracts.samples import contact_ref
from tests.fakes.clock import FrozenClock

CRM = "salesforce"
KIM = Contact(
    ref=contact_ref("c-kim"),
    name="Kim Öz 😀",
    emails=("Kim@Example.com", "k.oz@example.org"),
    phones=("+49 30 1234567",),
    social=(
        SocialHandle(platform="bluesky", handle="@Kim.Example"),
        SocialHandle(platform="facebook", handle="kim", user_id="1234"),
    ),
    customer_numbers=("kd-10 42",),
    company="Öz GmbH",
)
EMAIL = Clue(kind=ClueKind.EMAIL, value="kim@example.com")
EVERY_CLUE = (
    EMAIL,
    Clue(kind=ClueKind.EMAIL, value="k.oz@example.org", source="private message"),
    Clue(kind=ClueKind.PHONE, value="+49301234567"),
    Clue(kind=ClueKind.HANDLE, value="kim.example", platform="bluesky"),
    Clue(kind=ClueKind.HANDLE, value="kim", platform="facebook"),
    Clue(kind=ClueKind.PLATFORM_ID, value="1234", platform="facebook"),
    Clue(kind=ClueKind.CUSTOMER_NUMBER, value="KD1042"),
)


def lookup(stores: Stores, *clues: Clue, crm: str = CRM) -> list[Contact]:
    return list(stores.contacts.lookup(crm, Clues(items=clues)))


def row(stores: Stores, key: str) -> tuple[int, int, bool]:
    """How many are listed under a key, how many hold it, whether some are not listed."""
    found = stores.contacts.read_keys(CRM, [key])[key]
    return len(set(found.contacts)), found.count, found.is_full


def contact(number: int, email: str = "team@example.com") -> Contact:
    return Contact(ref=contact_ref(f"c-{number:03}"), name=f"Name {number}", emails=(email,))


def test_a_contact_is_found_by_each_of_its_clues(stores: Stores, other: Stores) -> None:
    assert stores.contacts.put_contacts([KIM]) == 1

    assert {clue.index_key for clue in EVERY_CLUE} == contact_keys(KIM)
    for clue in EVERY_CLUE:
        assert lookup(other, clue) == [KIM], clue
    assert lookup(other, *EVERY_CLUE) == [KIM]
    assert other.contacts.find_contact(KIM.ref) == KIM


def test_only_exact_clues_of_the_same_crm_count(stores: Stores) -> None:
    stores.contacts.put_contacts([KIM])

    assert lookup(stores, EMAIL, crm="hubspot") == []
    assert lookup(stores, replace(EMAIL, value="im@example.com")) == []
    assert lookup(stores, Clue(kind=ClueKind.HANDLE, value="kim", platform="instagram")) == []
    assert lookup(stores, Clue(kind=ClueKind.PLATFORM_ID, value="kim", platform="facebook")) == []
    assert lookup(stores) == []
    assert stores.contacts.find_contact(contact_ref("c-kim", crm="hubspot")) is None


def test_a_look_up_is_two_reads(stores: Stores, other: Stores, calls: CountingTable) -> None:
    stores.contacts.put_contacts([KIM, *(contact(number) for number in range(3))])
    calls.taken()

    found = lookup(other, *EVERY_CLUE, replace(EMAIL, value="team@example.com"))

    assert [item.ref for item in found] == [KIM.ref, *(contact_ref(f"c-{number:03}") for number in range(3))]
    assert calls.taken() == ["get 8", "get 4"]


def test_putting_again_changes_nothing(stores: Stores, other: Stores, calls: CountingTable) -> None:
    contacts = [KIM, contact(1), contact(2)]
    assert stores.contacts.put_contacts(contacts) == 3
    calls.taken()

    assert other.contacts.put_contacts([*contacts, KIM]) == 0
    assert not [call for call in calls.taken() if call.startswith("write")]
    assert other.contacts.put_contacts([]) == 0


def test_a_contact_loses_the_keys_it_no_longer_has(stores: Stores, other: Stores) -> None:
    stores.contacts.put_contacts([KIM, contact(1)])
    moved = replace(KIM, emails=("team@example.com",), phones=(), social=())
    assert other.contacts.put_contacts([moved, contact(1)]) == 1

    for clue in EVERY_CLUE[:-1]:
        assert lookup(stores, clue) == [], clue
    assert lookup(stores, EVERY_CLUE[-1]) == [moved]
    assert lookup(stores, replace(EMAIL, value="team@example.com")) == [contact(1), moved]


def test_contacts_that_swap_a_clue(stores: Stores) -> None:
    one, two = contact(1, "one@example.com"), contact(2, "two@example.com")
    stores.contacts.put_contacts([one, two])

    stores.contacts.put_contacts([replace(one, emails=two.emails), replace(two, emails=one.emails)])

    assert [item.ref for item in lookup(stores, replace(EMAIL, value="one@example.com"))] == [two.ref]
    assert [item.ref for item in lookup(stores, replace(EMAIL, value="two@example.com"))] == [one.ref]


def test_the_last_of_two_versions_in_one_list_counts(stores: Stores) -> None:
    assert stores.contacts.put_contacts([KIM, replace(KIM, name="Kim", emails=())]) == 1

    assert stores.contacts.find_contact(KIM.ref) == replace(KIM, name="Kim", emails=())
    assert lookup(stores, EMAIL) == []


def test_a_removed_contact_leaves_nothing(stores: Stores, other: Stores, state: State) -> None:
    stores.contacts.put_contacts([KIM, replace(KIM, ref=contact_ref("c-2"))])
    other.contacts.remove_contact(KIM.ref)
    other.contacts.remove_contact(KIM.ref)

    assert stores.contacts.find_contact(KIM.ref) is None
    assert [item.ref for item in lookup(stores, *EVERY_CLUE)] == [contact_ref("c-2")]
    other.contacts.remove_contact(contact_ref("c-2"))
    assert lookup(stores, *EVERY_CLUE) == []
    assert state.table.query("clue|salesforce|email:kim@example.com") == []


def test_a_clue_that_many_share_lists_fifty(stores: Stores) -> None:
    contacts = [contact(number) for number in range(60)]

    assert stores.contacts.put_contacts(contacts) == 60

    assert [item.ref for item in lookup(stores, replace(EMAIL, value="team@example.com"))] == [
        item.ref for item in contacts[:50]
    ]
    assert stores.contacts.find_contact(contacts[59].ref) == contacts[59]
    stores.contacts.remove_contact(contacts[59].ref)
    stores.contacts.remove_contact(contacts[0].ref)
    assert len(lookup(stores, replace(EMAIL, value="team@example.com"))) == 49


def test_a_row_counts_all_holders_and_gives_free_places_to_those_who_are_stored_anew(stores: Stores) -> None:
    contacts = [contact(number) for number in range(53)]
    stores.contacts.put_contacts(contacts)
    key = "email:team@example.com"
    assert row(stores, key) == (50, 53, True)

    stores.contacts.remove_contact(contacts[0].ref)
    assert row(stores, key) == (49, 52, True)
    stores.contacts.put_contacts([replace(contacts[51], name="Other")])
    assert row(stores, key) == (50, 52, True)
    assert contacts[51].ref.contact in stores.contacts.read_keys(CRM, [key])[key].contacts

    stores.contacts.put_contacts([replace(contacts[52], emails=())])
    stores.contacts.remove_contact(contacts[50].ref)
    assert row(stores, key) == (50, 50, False)


def test_a_row_whose_listed_holders_all_left_still_counts_the_others(state: State) -> None:
    index, key = RecordContacts(state.table, 3), "email:team@example.com"
    contacts = [contact(number) for number in range(5)]
    index.put_contacts(contacts)
    for item in contacts[:3]:
        index.remove_contact(item.ref)

    row = index.read_keys(CRM, [key])[key]
    assert (row.contacts, row.count, row.is_full) == ((), 2, True)
    for item in contacts[3:]:
        index.remove_contact(item.ref)
    assert index.read_keys(CRM, [key]) == {}


def test_all_contacts_are_listed_page_by_page(stores: Stores) -> None:
    contacts = [replace(contact(number), ref=contact_ref(f"ü|{number}")) for number in range(15)]
    stores.contacts.put_contacts([*contacts, replace(KIM, ref=contact_ref("c-kim", crm="hubspot"))])

    found: list[Contact] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        page = stores.contacts.list_contacts(CRM, after=after, limit=4)
        assert len(page.contacts) <= 4
        found += page.contacts
        after, pages = page.following, pages + 1
    assert sorted(found, key=str) == sorted(contacts, key=str)
    assert stores.contacts.list_contacts("nobody").contacts == ()


def test_a_contact_with_very_many_clues_is_kept(stores: Stores) -> None:
    crowded = replace(KIM, emails=tuple(f"{number}@example.com" for number in range(300)))
    stores.contacts.put_contacts([crowded])
    fewer = replace(KIM, emails=tuple(f"x{number}@example.com" for number in range(300)))
    stores.contacts.put_contacts([fewer])

    assert stores.contacts.find_contact(KIM.ref) == fewer
    assert lookup(stores, replace(EMAIL, value="0@example.com")) == []


def test_workers_that_put_at_once_lose_nothing(state: State) -> None:
    workers = [state.worker() for _ in range(4)]

    def put(place: int) -> int:
        mine = [replace(contact(number), ref=contact_ref(f"c-{place}-{number}")) for number in range(3)]
        return sum(workers[place].contacts.put_contacts([item]) for item in mine)

    with ThreadPoolExecutor(len(workers)) as pool:
        assert sum(pool.map(put, range(len(workers)))) == 12

    assert len(lookup(workers[0], replace(EMAIL, value="team@example.com"))) == 12


REFS = [contact_ref(f"c-{number}") for number in range(6)]
EMAILS = ("a@x.com", "b@x.com", "c@x.com")
contacts = st.builds(
    Contact,
    ref=st.sampled_from(REFS),
    name=st.sampled_from(("A", "B")),
    emails=st.lists(st.sampled_from(EMAILS), max_size=3, unique=True).map(tuple),
    customer_numbers=st.lists(st.sampled_from(("K1", "K2")), max_size=2, unique=True).map(tuple),
)
steps = st.lists(st.lists(contacts, max_size=5) | st.sampled_from(REFS), max_size=10)


class Model:
    """What the index must tell: a plain dict."""

    def __init__(self, index: RecordContacts, most: int) -> None:
        self.index, self.most = index, most
        self.contacts: dict[ContactRef, Contact] = {}

    def take(self, step: list[Contact] | ContactRef) -> None:
        if isinstance(step, ContactRef):
            self.index.remove_contact(step)
            self.contacts.pop(step, None)
            return
        latest = {item.ref: item for item in step}
        changed = sum(self.contacts.get(ref) != item for ref, item in latest.items())
        assert self.index.put_contacts(step) == changed
        self.contacts |= latest

    def holds(self) -> None:
        keys = sorted({key for item in self.contacts.values() for key in index_keys(item)})
        rows = self.index.read_keys(CRM, [*keys, "email:nobody@x.com"])
        assert sorted(rows) == keys
        for key, row in rows.items():
            holders = {ref.contact for ref, item in self.contacts.items() if key in index_keys(item)}
            assert row.count == len(holders)
            assert set(row.contacts) <= holders
            assert len(row.contacts) == len(set(row.contacts)) <= self.most
            assert row.is_full == (len(row.contacts) < len(holders))
        assert {item.ref: item for item in self.index.list_contacts(CRM).contacts} == self.contacts


@pytest.mark.parametrize("most", [2, 50])
@settings(max_examples=40)
@given(steps)
def test_the_index_tells_what_the_contacts_say(most: int, steps: list[list[Contact] | ContactRef]) -> None:
    system = open_local(":memory:", FrozenClock())
    model = Model(RecordContacts(system.table, most), most)
    for step in steps:
        model.take(step)
        model.holds()
    system.close()


@settings(max_examples=6)
@given(steps)
def test_the_index_in_dynamodb_tells_what_the_contacts_say(steps: list[list[Contact] | ContactRef]) -> None:
    with opened("moto", Path("unused")) as state:
        model = Model(RecordContacts(state.table, 2), 2)
        for step in steps:
            model.take(step)
            model.holds()


@settings(max_examples=25)
@given(st.lists(st.lists(contacts, min_size=1, max_size=30), max_size=4), st.lists(st.sampled_from(REFS), max_size=3))
def test_many_at_once_leave_what_one_after_the_other_leaves(lists: list[list[Contact]], gone: list[ContactRef]) -> None:
    """In bulk, where the table can be had for oneself, and in many small writes."""
    bulk, small = open_local(":memory:", FrozenClock()), open_local(":memory:", FrozenClock())
    at_once, singly = RecordContacts(bulk.table, 2), RecordContacts(CountingTable(small.table), 2)
    others = [replace(contact(number), customer_numbers=("K1",)) for number in range(26)]
    for step in ([*others, *step] for step in lists):
        assert at_once.put_contacts(step) == singly.put_contacts(step)
        for ref in gone:
            at_once.remove_contact(ref)
            singly.remove_contact(ref)
    everything = "SELECT pk, sk, doc, attributes FROM items ORDER BY pk, sk"
    assert bulk.database.read(everything) == small.database.read(everything)
    bulk.close()
    small.close()
