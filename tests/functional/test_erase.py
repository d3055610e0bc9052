"""A person who asks for it is forgotten, everywhere that something is kept; and what a customer deletes is struck out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from careloop.cli.erase import erase
from chalicelib import bootstrap
from chalicelib.core.capabilities import PlatformTerms, UpdateLimit
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.core.errors import NotFoundError, UnavailableError
from chalicelib.core.events import AuthorOptedOut, MessageDeleted, MessageEdited
from chalicelib.core.ids import AccountId, AccountKey, AuthorId, AuthorKey, ContactId, ContactRef, PersonRef, TicketRef
from chalicelib.core.people import Identity
from chalicelib.core.ticket import TicketStatus
from chalicelib.entrypoints import watch
from chalicelib.pipeline.erase import erase_author
from chalicelib.pipeline.receive import envelope_messages
from chalicelib.ports.stores import RememberIdentity
from tests.fakes.helpdesk import FakeHelpdesk
from tests.fakes.runtime import World

KIM = AuthorKey(platform="agora", author=AuthorId("kim"))
BRAND = AccountKey(platform="agora", account=AccountId("brand"))
C1 = ContactRef(crm="crm", contact=ContactId("C-1"))


class ErasingDesk(FakeHelpdesk):
    """A helpdesk that can strike out and forget."""

    def redact(self, ticket: TicketRef, comment: str) -> None:
        self._call("redact")
        for entry in self._ticket(ticket).entries:
            if str(entry.id) == comment and entry.comment is not None:
                entry.comment = replace(entry.comment, body="(redacted)")

    def erase_person(self, person: PersonRef) -> str:
        self._call("erase_person")
        self.people.pop(person.person, None)
        return "the person was deleted"


def world(desk: type[FakeHelpdesk] = FakeHelpdesk) -> World:
    here = World()
    here.desk = desk(now=here.clock.now)
    here.connectors.helpdesks["desk"] = here.desk
    return here


def talked(here: World) -> World:
    """Kim's message, the answer, another message; and somebody else's."""
    key = here.runtime.archive.keep(source="agora/main", body=b"kim", received_at=here.clock.now(), headers={})
    parsed = bootstrap_parsed(here, "m1", "my number is 0171 5550199")
    here.runtime.queues.inbound.send(envelope_messages(parsed, here.clock.now(), key))
    here.work()
    here.desk.agent_writes("1", "On its way.")
    here.hint()
    here.clock.advance(minutes=1)
    here.arrive(here.message("m2", "thank you"))
    here.arrive(here.message("m9", "I am Ada", person="ada", thread="post-2"))
    here.runtime.stores.transactions.commit(
        RememberIdentity(
            identity=Identity(
                author=KIM, contact=C1, contact_name="Kim", decided_by="Ada", decided_at=here.clock.now(), why="/link"
            )
        )
    )
    return here


def bootstrap_parsed(here: World, number: str, text: str) -> Any:
    from chalicelib.core.events import Parsed

    return Parsed(events=(here.message(number, text),))


def everything(here: World) -> str:
    """All that the state holds, as text."""
    database = here.system.database if hasattr(here.system, "database") else None
    if database is None:
        pytest.skip("only the local family's file can be read as a whole")
    rows = database.read("SELECT pk, sk, doc, attributes FROM items", ())
    return "\n".join("|".join(str(cell) for cell in row) for row in rows)


def test_nothing_of_a_person_is_left_but_the_ids_of_their_messages() -> None:
    here = talked(world(ErasingDesk))
    before = everything(here)
    assert all(word in before for word in ("kim", "Kim", "C-1"))

    result = erase_author(here.runtime, KIM)

    after = everything(here)
    assert "kim" not in after.lower()
    assert "C-1" not in after
    assert "post-1" not in after
    assert "Ada" in after, "others are as they were"
    assert result.cases == 1
    assert result.payloads == 1
    assert result.redacted >= 1
    assert "desk: the person was deleted" in result.done
    assert here.desk.tickets["1"].customer[-1] == "(redacted)"
    with pytest.raises(NotFoundError):
        here.runtime.archive.fetch(result_key(before))


def result_key(text: str) -> str:
    start = text.index("agora/main/")
    return text[start : text.index('"', start)]


def test_what_was_dealt_with_does_not_come_in_again_by_a_poll() -> None:
    here = talked(world())
    erase_author(here.runtime, KIM)
    here.arrive(here.message("m1", "my number is 0171 5550199"), here.message("m2", "thank you"))
    assert len(here.desk.tickets) == 2, "no new ticket"


def test_a_person_who_writes_again_is_a_new_one() -> None:
    here = talked(world())
    here.desk.set_status("1", TicketStatus.CLOSED)
    erase_author(here.runtime, KIM)
    here.arrive(here.message("m3", "hello again"))
    assert here.desk.tickets["3"].customer == ["hello again"]
    assert here.runtime.stores.identities.find_identity(KIM) is None


def test_erasing_twice_and_going_on_after_a_stop() -> None:
    here = talked(world(ErasingDesk))
    here.desk.faults.append(("erase_person", True, UnavailableError("down")))
    with pytest.raises(UnavailableError):
        erase_author(here.runtime, KIM)
    assert "kim" in everything(here), "nothing of ours is gone before the others'"
    assert erase_author(here.runtime, KIM).cases == 1
    assert erase_author(here.runtime, KIM).cases == 0
    assert "kim" not in everything(here).lower()


def test_what_a_helpdesk_can_t_do_is_told() -> None:
    here = talked(world())
    left = erase_author(here.runtime, KIM).left
    assert "ticket 1 in desk: 2 entries of theirs (delete or redact them there)" in left
    assert any("the person agora:kim (delete it there)" in item for item in left)
    assert "crm:C-1: the contact's own record in the CRM" in left


def test_what_is_parked_or_waits_goes_too() -> None:
    here = talked(world())
    message = envelope_messages(bootstrap_parsed(here, "m7", "parked"), here.clock.now(), None)[0]
    for number, body in enumerate((message.body, "{}")):
        item = ParkedItem(
            id=f"p-{number}",
            reason=ParkReason.BUG,
            code="bug",
            advice="",
            parked_at=here.clock.now(),
            queue="inbound",
            body=body,
        )
        here.runtime.stores.parking.park(item)
    assert erase_author(here.runtime, KIM).parked == 1
    assert [item.id for item in here.runtime.stores.parking.list_parked()] == ["p-1"]


def test_a_payload_with_a_part_that_nobody_could_read_yet_is_kept() -> None:
    here = talked(world(ErasingDesk))
    key = result_key(everything(here))
    item = ParkedItem(
        id="p-1",
        reason=ParkReason.MALFORMED,
        code="payload",
        advice="",
        parked_at=here.clock.now(),
        archived_at=key,
    )
    here.runtime.stores.parking.park(item)
    here.arrive(MessageDeleted(key=here.message("m1").key, deleted_at=here.clock.now()))
    assert here.runtime.archive.fetch(key)[0] == b"kim"
    result = erase_author(here.runtime, KIM)
    assert result.payloads == 0
    assert any(key in line for line in result.left)
    assert here.runtime.archive.fetch(key)[0] == b"kim"
    here.runtime.stores.parking.discard("p-1")


def test_a_dry_run_changes_nothing() -> None:
    here = talked(world(ErasingDesk))
    before = everything(here)
    result = erase_author(here.runtime, KIM, dry_run=True)
    assert (result.cases, result.payloads) == (1, 1)
    assert everything(here) == before


def test_a_platform_s_request_is_carried_out_by_a_job() -> None:
    here = talked(world(ErasingDesk))
    here.arrive(AuthorOptedOut(author=KIM, account=BRAND, at=here.clock.now()))
    minutes(here, 2)
    after = [line for line in everything(here).lower().splitlines() if "kim" in line]
    assert all(line.startswith(("event|opt-out", "recent|")) for line in after), after


def minutes(here: World, number: int) -> None:
    for _ in range(number):
        here.clock.advance(minutes=1)
        bootstrap.install(here.app)
        watch.fan_out()
        here.work()


def test_what_a_customer_deletes_is_struck_out_of_ticket_and_archive() -> None:
    here = talked(world(ErasingDesk))
    key = result_key(everything(here))
    second = here.message("m2").key
    here.arrive(MessageDeleted(key=here.message("m1").key, deleted_at=here.clock.now()))
    here.arrive(MessageDeleted(key=second, deleted_at=here.clock.now()))
    assert here.desk.tickets["1"].customer[-1] == "(redacted)"
    assert "deleted a message" in here.desk.tickets["1"].notes[-1]
    with pytest.raises(NotFoundError):
        here.runtime.archive.fetch(key)


def test_what_is_deleted_while_it_is_taken_in_is_struck_out_too() -> None:
    here = world(ErasingDesk)
    here.desk.faults.append(("create_ticket", False, UnavailableError("the answer was lost")))
    here.arrive(here.message("m1", "my number is 0171 5550199"))
    assert here.desk.tickets["1"].customer == ["my number is 0171 5550199"]
    here.arrive(MessageDeleted(key=here.message("m1").key, deleted_at=here.clock.now()))
    here.later(minutes=10)
    assert here.desk.tickets["1"].customer == ["(redacted)"]
    assert "deleted a message" in str(here.desk.tickets["1"].notes)


# ---- the command -----------------------------------------------------------------------------------------------------


def run(here: World, *arguments: str, answer: str | None = None) -> Any:
    return CliRunner().invoke(erase, arguments, obj=here.app, input=answer)


def test_the_command_asks_and_tells() -> None:
    here = talked(world(ErasingDesk))
    assert run(here, "--author", "agora:kim", answer="n\n").exit_code == 1
    assert "kim" in everything(here)
    done = run(here, "--author", "agora:kim", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "the person was deleted" in done.output
    assert "Kept: the ids of the events" in done.output
    assert "kim" not in everything(here).lower()


def test_a_contact_and_all_who_are_linked_to_it() -> None:
    here = talked(world())
    told = json.loads(run(here, "--contact", "crm:C-1", "--dry-run", "--json").stdout)
    assert [item["author"] for item in told["authors"]] == ["agora:kim"]
    done = run(here, "--contact", "crm:C-1", "--yes")
    assert done.exit_code == 0, done.output
    assert "crm:C-1 is not in the contact index" in done.output
    assert "kim" not in everything(here).lower()


@pytest.mark.parametrize(
    "arguments", [(), ("--author", "kim"), ("--contact", "x"), ("--author", "a:b", "--contact", "c:d")]
)
def test_what_is_asked_wrongly_is_refused_in_a_line(arguments: tuple[str, ...]) -> None:
    assert run(world(), *arguments, "--yes").exit_code == 1


# ---- what a platform's terms let us keep -----------------------------------------------------------------------------


def under(terms: PlatformTerms, desk: type[FakeHelpdesk], *, redacts: bool) -> World:
    here = world(desk)
    base = here.connectors.specs["agora"]
    here.connectors.specs["agora"] = replace(base, capabilities=replace(base.capabilities, terms=terms))
    sheet = here.connectors.desk_sheet
    here.connectors.desk_sheet = replace(sheet, capabilities=replace(sheet.capabilities, redacts=redacts))
    return here


TWO_DAYS = PlatformTerms(retention=timedelta(hours=48))


def test_words_stand_as_long_as_the_terms_allow_where_they_can_be_struck_out() -> None:
    here = under(TWO_DAYS, ErasingDesk, redacts=True)
    key = here.runtime.archive.keep(source="agora/main", body=b"kim", received_at=here.clock.now(), headers={})
    here.runtime.queues.inbound.send(envelope_messages(bootstrap_parsed(here, "m1", "my words"), here.clock.now(), key))
    here.work()
    here.arrive(here.message("m2", "more words"))
    here.arrive(MessageEdited(key=here.message("m2").key, text="other words", edited_at=here.clock.now()))
    assert here.ticket.customer[:2] == ["my words", "more words"]
    assert "words" not in here.ticket.draft.subject
    here.clock.advance(hours=47)
    minutes(here, 1)
    assert here.ticket.customer[1] == "more words"
    here.clock.advance(hours=1)
    minutes(here, 2)
    assert here.ticket.customer == ["(redacted)"] * 3
    with pytest.raises(NotFoundError):
        here.runtime.archive.fetch(key)
    calls = len(here.desk.calls)
    minutes(here, 2)
    assert len([item for item in here.desk.calls[calls:] if item == "redact"]) == 0, "it is done"


def test_words_with_a_term_do_not_stand_in_an_entry_of_several_messages() -> None:
    here = under(TWO_DAYS, ErasingDesk, redacts=True)
    sheet = here.connectors.desk_sheet
    limit = UpdateLimit(updates=2, per=timedelta(minutes=10))
    here.connectors.desk_sheet = replace(sheet, capabilities=replace(sheet.capabilities, update_limit=limit))
    for number in range(1, 6):
        here.arrive(here.message(f"m{number}", f"words {number}"))
    here.arrive(MessageEdited(key=here.message("m5").key, text="words again", edited_at=here.clock.now()))
    minutes(here, 20)
    said = str([entry.comment for entry in here.desk.tickets["1"].entries])
    assert "https://agora.example/m5" in said, "they were written together"
    assert "words 1" in said
    assert "words 5" not in said
    assert "words again" not in said


@pytest.mark.parametrize("terms", [TWO_DAYS, PlatformTerms(may_store_text=False)])
def test_words_that_could_not_be_struck_out_do_not_stand(terms: PlatformTerms) -> None:
    here = under(terms, FakeHelpdesk, redacts=False)
    here.arrive(here.message("m1", "my words"))
    here.arrive(here.message("m2", "more words"))
    here.arrive(MessageEdited(key=here.message("m1").key, text="other words", edited_at=here.clock.now()))
    told = "\n".join([here.ticket.draft.subject, *here.ticket.customer, *here.ticket.notes])
    assert "my words" not in told
    assert "more words" not in told
    assert "other words" not in told
    assert (
        "Agora does not allow a copy of these words. Read it here: https://agora.example/m1" in here.ticket.customer[0]
    )
    here.desk.agent_writes("1", "Thank you.")
    here.hint()
    assert here.platform.texts == ["Thank you."], "it is answered all the same"
