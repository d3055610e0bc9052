"""An agent decides who a customer is, in internal notes: linked, unlinked, no customer; remembered, undone everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.case import Case
from chalicelib.core.errors import RejectedError, UnavailableError
from chalicelib.core.events import HelpdeskHint
from chalicelib.core.ids import AuthorId, AuthorKey, ContactId, ContactRef, TicketId, TicketRef
from chalicelib.core.people import Author, ClueKind, Contact, ContactMatch, Verdict
from chalicelib.core.policy import CarePolicy
from chalicelib.core.ticket import TicketStatus
from chalicelib.entrypoints import watch
from chalicelib.pipeline.receive import hint_message
from chalicelib.ports.stores import SaveCase
from tests.fakes.platform import spec
from tests.fakes.runtime import World, WritableCrm

KIM = AuthorKey(platform="agora", author=AuthorId("kim"))
SHARED = ("family@example.com",)


def ref(contact: str) -> ContactRef:
    return ContactRef(crm="crm", contact=ContactId(contact))


def record(contact: str, name: str, **more: Any) -> Contact:
    return Contact(ref=ref(contact), name=name, **more)


WEBER = record("41", "Kim Weber", emails=SHARED, city="Berlin")
LANG = record("42", "Kim Weber-Lang", emails=SHARED, city="Hamburg", url="https://crm.example/42")
LEE = record("C-9", "Dana Lee", customer_numbers=("KD-1042",))


class Scene(World):
    """Two records hold the address that Kim tells in private, and both names fit: they are only suggested."""

    def __init__(self, **sheet: Any) -> None:
        super().__init__(sheet=spec(**sheet) if sheet else None)
        self.book = WritableCrm()
        self.book.contacts = [WEBER, LANG, LEE]
        self.crm = self.book
        self.connectors.crms["crm"] = self.book
        finds_by = frozenset(kind.value for kind in ClueKind)
        can = CrmCapabilities(finds_by=finds_by, links_identities=True, logs_interactions=True, holds_marketing=True)
        self.connectors.crm_sheet = replace(self.connectors.crm_sheet, capabilities=can)

    def write(self, number: str = "m1", **more: Any) -> None:
        author = Author(key=KIM, handle="kim", display_name="Kim Weber")
        values = {
            "author": author,
            "text": "I am family@example.com, where is my parcel?",
            "private": True,
            "thread": "dm-1",
            **more,
        }
        self.arrive(self.message(number, **values))

    def note(self, text: str, ticket: str = "1") -> str:
        """An agent's note, dealt with at once; Careloop's answer."""
        before = len(self.desk.tickets[ticket].notes)
        self.clock.advance(seconds=1)
        self.desk.note(ticket, text)
        self.hint(ticket)
        fresh = self.desk.tickets[ticket].notes[before:]
        return fresh[0] if fresh else ""

    def minute(self) -> None:
        """The schedule sends what is due."""
        self.clock.advance(minutes=1)
        bootstrap.install(self.app)
        try:
            watch.fan_out()
        finally:
            bootstrap.install(None)
        self.work()

    def case(self, ticket: str = "1") -> Case:
        found = self.system.stores.cases.find_by_ticket(TicketRef(helpdesk="desk", ticket=TicketId(ticket)))
        assert found is not None
        return found

    def match(self, ticket: str = "1") -> ContactMatch:
        return self.case(ticket).match

    def contact(self, ticket: str = "1") -> str | None:
        found = self.match(ticket).contact
        return found.ref.contact if found else None

    def open_of(self, contact: str) -> int:
        return len(self.system.stores.cases.find_open_by_contact(ref(contact)).cases)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_suggestions_are_numbered_and_say_how_to_choose(scene: Scene):
    scene.write()
    brief = scene.ticket.notes[0]
    assert "Customer record: not certain. Possible:" in brief
    assert "1. Kim Weber, crm:41: " in brief
    assert "2. Kim Weber-Lang, crm:42 https://crm.example/42" in brief
    assert "fits by: e-mail family@example.com" in brief
    assert "an internal note with /link 1" in brief
    assert scene.case().suggested == (ref("41"), ref("42"))


def test_a_suggestion_is_confirmed_and_the_next_message_is_certain(scene: Scene):
    scene.write()
    answer = scene.note("/link 2")
    assert answer.startswith("Linked: Kim Weber (@kim) on Agora is Kim Weber-Lang, crm:42 https://crm.example/42.")
    assert scene.contact() == "42"
    identity = scene.system.stores.identities.find_identity(KIM)
    assert identity is not None
    assert (identity.contact, identity.decided_by) == (ref("42"), "Ada")
    assert identity.why == f"/link in note {scene.desk.tickets['1'].entries[-2].id} on ticket desk:1"
    asked = len(scene.book.asked)
    scene.write("m2", thread="post-9", private=False, text="Hello?")
    assert len(scene.book.asked) == asked
    assert scene.contact() == "42", "joined: the same contact"
    assert scene.open_of("42") == 1
    assert len(scene.desk.tickets) == 1


@pytest.mark.parametrize(
    ("argument", "contact"),
    [("1", "41"), ("#2", "42"), ("41", "41"), ("crm:42", "42"), ("C-9", "C-9"), ("KD 1042", "C-9"), ("crm:C-9", "C-9")],
)
def test_a_record_is_named_by_number_id_or_customer_number(scene: Scene, argument: str, contact: str):
    scene.write()
    assert scene.note(f"/link {argument}").startswith("Linked: ")
    assert scene.contact() == contact


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("", "Write /link with the number"),
        ("3", "There is no record 3"),
        ("#3", "There is no suggestion #3"),
        ("C-1", "There is no record C-1"),
        ("x" * 300, "Write /link with the number"),
    ],
)
def test_what_names_nobody_links_nobody(scene: Scene, argument: str, words: str):
    scene.write()
    assert words in scene.note(f"/link {argument}")
    assert scene.match().verdict is Verdict.SUGGESTED
    assert scene.system.stores.identities.find_identity(KIM) is None


def test_a_number_that_is_the_id_of_another_suggestion_has_to_be_told_apart(scene: Scene):
    scene.book.contacts = [replace(WEBER, ref=ref("2")), replace(LANG, ref=ref("1"))]
    scene.write()
    assert [item.contact for item in scene.case().suggested] == ["2", "1"]
    answer = scene.note("/link 1")
    assert "is the number of one suggestion and the id of another" in answer
    assert scene.contact() is None
    assert scene.note("/link #1").startswith("Linked")
    assert scene.contact() == "2"


def test_several_records_with_one_number_are_listed(scene: Scene):
    scene.book.contacts += [record("C-10", "Sam Lee", customer_numbers=("KD-1042",))]
    scene.write()
    answer = scene.note("/link KD-1042")
    assert "fits several records" in answer
    assert "/link crm:C-9: Dana Lee" in answer
    assert scene.contact() is None


def test_a_crm_that_is_down_holds_up_nothing_but_the_link(scene: Scene):
    scene.write()
    scene.book.down = UnavailableError("down")
    assert "could not be asked" in scene.note("/link C-9")
    assert scene.note("/link 1").startswith("Linked: "), "what was suggested needs no asking"
    assert scene.contact() == "41"


def test_a_bug_in_matching_holds_up_no_message_and_is_counted(scene: Scene):
    scene.book.down = ValueError("nobody thought of this")
    scene.write()
    assert "could not be asked" in scene.ticket.notes[0]
    assert scene.telemetry.counts["bugs"] == 1
    scene.book.down = None
    scene.write("m2", text="Hello?")
    assert "these records are possible" in scene.ticket.notes[-1]


def test_an_unlink_takes_everything_back(scene: Scene):
    scene.write()
    scene.note("/link 1")
    scene.write("p1", thread="post-1", private=False, text="Is anybody there?")
    scene.minute()
    case = scene.case()
    assert scene.book.identities == {("41", "agora:kim")}
    assert set(scene.book.interactions) == {("41", case.id)}
    answer = scene.note("/unlink")
    assert answer.startswith("Unlinked: Kim Weber (@kim) on Agora is not Kim Weber, crm:41.")
    assert "2. Kim Weber-Lang, crm:42" in answer, "who is left keeps the number"
    assert "crm:41" not in answer.splitlines()[-2]
    scene.minute()
    assert scene.contact() is None
    assert scene.open_of("41") == 0
    assert scene.book.identities == set()
    assert scene.book.interactions == {}
    assert scene.system.stores.identities.find_identity(KIM) is None
    assert list(scene.system.stores.identities.logged(KIM)) == []
    [rejection] = scene.system.stores.identities.rejections(KIM)
    assert (rejection.contact, rejection.contact_name, rejection.decided_by) == (ref("41"), "Kim Weber", "Ada")


def test_what_was_ruled_out_is_not_offered_again_and_can_be_linked_after_all(scene: Scene):
    scene.write()
    scene.note("/link 1")
    scene.note("/unlink")
    scene.write("m2", text="Again: family@example.com")
    match = scene.match()
    named = [item.contact.ref for item in match.candidates] + [match.contact.ref if match.contact else None]
    assert ref("41") not in named
    assert scene.note("/link 41").startswith("Linked: ")
    assert scene.contact() == "41"
    assert list(scene.system.stores.identities.rejections(KIM)) == []


def test_somebody_who_is_no_customer_is_not_looked_for(scene: Scene):
    scene.write()
    answer = scene.note("/not-a-customer")
    assert answer.startswith("Noted: Kim Weber (@kim) on Agora is no customer.")
    asked = len(scene.book.asked)
    scene.write("m2", text="My number is KD-1042")
    scene.write("n1", thread="dm-2")
    assert len(scene.book.asked) == asked
    brief = scene.desk.tickets["2"].notes[0]
    assert "Ada said on 2026-" in brief
    assert "that this is no customer" in brief
    assert "Taken back" in scene.note("/unlink", "2")
    scene.write("o1", thread="dm-3")
    assert "Possible:" in scene.desk.tickets["3"].notes[0]


def test_nothing_to_unlink_is_said(scene: Scene):
    scene.write()
    assert scene.note("/unlink").startswith("This ticket is linked to no customer record.")
    assert scene.match().verdict is Verdict.SUGGESTED


def test_other_open_tickets_of_the_author_follow(scene: Scene):
    scene.system.stores.directory.put_policy(CarePolicy(join_channels=False))
    scene.clock.advance(minutes=2)
    scene.write(text="Hello")
    scene.write("p1", thread="post-1", private=False, text="Hello?")
    assert len(scene.desk.tickets) == 2
    scene.note("/link C-9")
    assert scene.contact("2") is None
    scene.minute()
    assert scene.contact("2") == "C-9"
    assert scene.open_of("C-9") == 2
    assert {key[0] for key in scene.book.interactions} == {"C-9"}
    assert len(scene.book.interactions) == 2
    scene.note("/unlink", "2")
    scene.minute()
    assert scene.contact("1") is None
    assert scene.open_of("C-9") == 0
    assert scene.book.interactions == {}


def test_a_command_that_is_read_again_changes_nothing_and_a_later_one_stands(scene: Scene):
    scene.write()
    scene.note("/link 1")
    scene.note("/unlink")
    before = scene.case()
    notes = len(scene.ticket.notes)
    saved = replace(before, cursor=None)
    scene.system.stores.transactions.commit(SaveCase(case=saved))
    for again in ("a", "b"):
        hint = HelpdeskHint(ticket=TicketId("1"))
        scene.runtime.queues.outbound.send([hint_message("desk", hint, scene.clock.now(), again)])
        scene.work()
    assert scene.match() == before.match
    assert scene.system.stores.identities.find_identity(KIM) is None
    assert len(scene.ticket.notes) == notes


def test_why_tells_who_decided(scene: Scene):
    scene.write()
    scene.note("/link 1")
    answer = scene.note("/why")
    assert "Customer record: Kim Weber, crm:41" in answer
    assert "known link, set by Ada on 2026-" in answer
    assert "Kim Weber (@kim) is crm:41, by Ada: /link in note" in answer


def test_decisions_teach_features_and_no_names(scene: Scene):
    scene.write()
    scene.note("/link 1")
    scene.minute()
    examples = scene.system.stores.examples.list_examples()
    assert sorted(item.is_same for item in examples) == [False, True]
    for example in examples:
        said = " ".join(example.features).lower()
        assert not any(word in said for word in ("weber", "kim", "family@", "berlin"))


def test_where_the_terms_forbid_matching_an_agents_link_comes_with_a_reminder():
    scene = Scene(may_match_crm=False)
    scene.arrive(scene.message("m1", "Hello", private=True))
    answer = scene.note("/link C-9")
    assert "Only if the customer told you themselves who they are." in answer
    scene.minute()
    assert scene.contact() == "C-9"
    assert scene.book.identities == set(), "nothing of that platform is written into the CRM"
    assert scene.book.interactions == {}


# -- what the CRM is told ------------------------------------------------------------------------------------------------


def test_a_ticket_is_an_interaction_from_opening_to_solving(scene: Scene):
    dana = Author(key=KIM, handle="dana", display_name="Dana Lee")
    scene.write(author=dana, text="My customer number is KD-1042")
    assert scene.match().verdict is Verdict.LINKED
    scene.minute()
    case = scene.case()
    interaction = scene.book.interactions["C-9", case.id]
    assert interaction.summary == "Private message on Agora, ticket desk:1"
    assert interaction.is_open
    assert scene.book.identities == {("C-9", "agora:kim")}
    scene.desk.set_status("1", TicketStatus.SOLVED)
    scene.hint()
    scene.minute()
    assert not scene.book.interactions["C-9", case.id].is_open
    scene.write("m2", author=dana, text="Still not here")
    scene.minute()
    assert scene.book.interactions["C-9", case.id].is_open


def test_a_crm_that_fails_is_told_later_and_in_the_end_left_alone(scene: Scene):
    scene.write()
    scene.note("/link 1")
    scene.book.faults = [UnavailableError("down"), UnavailableError("down")]
    for _ in range(6):
        scene.minute()
    assert scene.book.identities == {("41", "agora:kim")}
    scene.book.faults = [RejectedError("no")]
    scene.note("/link 2")
    scene.minute()
    assert scene.telemetry.counts.get("write_back_given_up") == 1
    assert scene.runtime.stores.due.list_due(scene.clock.now()) == []


@pytest.mark.parametrize("off", ["policy", "connection"])
def test_writing_back_can_be_switched_off(scene: Scene, off: str):
    directory = scene.system.stores.directory
    if off == "policy":
        directory.put_policy(CarePolicy(crm_write_back=False))
    else:
        connection = directory.get_connection("crm", "crm")
        directory.put_connection(replace(connection, options={"write_back": "no"}))
    scene.clock.advance(minutes=2)
    scene.write()
    scene.note("/link 1")
    scene.minute()
    assert scene.contact() == "41"
    assert scene.book.calls == []


def test_marketing_is_held_while_a_ticket_is_open(scene: Scene):
    scene.system.stores.directory.put_policy(CarePolicy(marketing_hold=True))
    scene.clock.advance(minutes=2)
    scene.write()
    scene.note("/link 1")
    scene.minute()
    assert scene.book.held == {"41"}
    scene.desk.set_status("1", TicketStatus.SOLVED)
    scene.hint()
    scene.minute()
    assert scene.book.held == set()
