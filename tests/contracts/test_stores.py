"""The contract of the smaller stores, and of commits: all or nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.account import Account, Connection, ConnectionKind, Endpoint
from chalicelib.core.case import CaseState
from chalicelib.core.disposition import ParkedItem, ParkReason
from chalicelib.core.errors import ConfigurationError, ConflictError
from chalicelib.core.ids import AccountId, AuthorId, AuthorKey, Cursor, MessageId, PersonId, PersonRef, case_id
from chalicelib.core.matching.types import Example
from chalicelib.core.matching.weights import Weights
from chalicelib.core.people import Identity, Rejection
from chalicelib.core.policy import CarePolicy
from chalicelib.core.questions import Asking
from chalicelib.core.reply import DeliveryReceipt, DeliveryStatus, ReceiptState
from chalicelib.ports.identities import KnownAuthor, LoggedInteraction
from chalicelib.ports.services import Session, SessionStore
from chalicelib.ports.stores import (
    RememberIdentity,
    RememberMessage,
    RememberPerson,
    SaveCase,
    SaveCursor,
    SaveDelivery,
    Stores,
    Write,
)
from chalicelib.ports.writes import ForgetIdentity, ForgetPerson, ForgetRejection, RememberRejection, SaveAsking
from tests.contracts.families import CountingTable, State
from tests.contracts.samples import (
    BLUESKY,
    PAGE,
    case,
    completion,
    contact_ref,
    conversation_key,
    delivery,
    event_key,
    message_key,
    record,
)
from tests.fakes.clock import NOON, FrozenClock

KIM = AuthorKey(platform="facebook", author=AuthorId("kim"))
CASE = case_id(conversation_key())

# ---- commits -------------------------------------------------------------------------------------------------------


def test_a_commit_is_all_or_nothing(stores: Stores, other: Stores) -> None:
    stores.ledger.claim(event_key(), account=PAGE, owner="w1", now=NOON, lease=timedelta(minutes=5), archived_at=None)
    stores.transactions.commit(SaveCursor(name="poll", cursor=Cursor("5"), expected=None))
    good: list[Write] = [
        completion(case=CASE),
        SaveCase(case=case()),
        RememberMessage(key=message_key(), record=record()),
        SaveDelivery(delivery=delivery(), begin=True),
        RememberPerson(author=KIM, person=PersonRef(helpdesk="zendesk", person=PersonId("7"))),
    ]

    for place in range(len(good) + 1):
        writes = [*good[:place], SaveCursor(name="poll", cursor=Cursor("6"), expected=Cursor("4")), *good[place:]]
        with pytest.raises(ConflictError, match="SaveCursor"):
            stores.transactions.commit(*writes)

    entry = other.ledger.find_entry(event_key())
    assert entry is not None
    assert entry.disposition is None
    assert other.ledger.history(CASE) == []
    assert other.cases.snapshot(conversation_key(), message_key()).case is None
    assert other.cases.find_message(message_key()) is None
    assert other.deliveries.deliveries(CASE) == []
    assert other.identities.find_person(KIM, "zendesk") is None
    assert other.cursors.find_cursor("poll") == "5"
    stores.transactions.commit(*good)
    assert other.cases.get_case(CASE).version == 1


def test_an_empty_commit_is_fine(stores: Stores, calls: CountingTable) -> None:
    stores.transactions.commit()


def test_a_commit_has_at_most_twenty_writes(stores: Stores) -> None:
    writes = [RememberMessage(key=message_key(f"m-{n}"), record=record(f"m-{n}")) for n in range(21)]

    with pytest.raises(ValueError, match="21 writes"):
        stores.transactions.commit(*writes)
    stores.transactions.commit(*writes[:20])
    assert stores.cases.find_message(message_key("m-19")) == record("m-19")


def test_writes_that_contradict_each_other_are_refused(stores: Stores) -> None:
    with pytest.raises(ValueError, match="RememberMessage: two writes of one commit change the same message"):
        stores.transactions.commit(
            RememberMessage(key=message_key(), record=record()),
            RememberMessage(key=message_key(), record=record(deleted_at=NOON)),
        )
    with pytest.raises(ValueError, match="the same case"):
        stores.transactions.commit(SaveCase(case=case()), SaveCase(case=case(state=CaseState.OPEN)))
    with pytest.raises(ValueError, match="the same cursor"):
        stores.transactions.commit(
            SaveCursor(name="a", cursor=Cursor("1"), expected=None),
            SaveCursor(name="a", cursor=Cursor("2"), expected=Cursor("1")),
        )
    assert stores.cases.find_message(message_key()) is None


def test_the_same_write_twice_is_one(stores: Stores, calls: CountingTable) -> None:
    write = RememberMessage(key=message_key(), record=record(), only_new=True)

    stores.transactions.commit(write, write)

    assert calls.taken() == ["write 1"]


# ---- deliveries ----------------------------------------------------------------------------------------------------


def test_a_delivery_begins_once(stores: Stores, other: Stores) -> None:
    begun = delivery()
    stores.transactions.commit(SaveDelivery(delivery=begun, begin=True))

    for worker in (stores, other):
        with pytest.raises(ConflictError, match="SaveDelivery"):
            worker.transactions.commit(SaveDelivery(delivery=replace(begun, attempts=2), begin=True))
    assert other.deliveries.find_delivery(begun.key, case=CASE) == begun


def test_of_many_who_begin_at_once_one_does(state: State) -> None:
    workers = [state.worker() for _ in range(6)]

    def begin(worker: Stores) -> bool:
        try:
            worker.transactions.commit(SaveDelivery(delivery=delivery(), begin=True))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(len(workers)) as pool:
        assert sum(pool.map(begin, workers)) == 1


@pytest.mark.parametrize("final", [DeliveryStatus.SENT, DeliveryStatus.REFUSED])
def test_a_finished_delivery_never_changes_back(stores: Stores, other: Stores, final: DeliveryStatus) -> None:
    begun = delivery(text_digest="abc", conversation=conversation_key())
    receipt = DeliveryReceipt(messages=(MessageId("m-9"),), state=ReceiptState.SENT, at=NOON)
    done = replace(begun, status=final, receipt=receipt, finished_at=NOON)
    stores.transactions.commit(SaveDelivery(delivery=begun, begin=True))
    for status in (DeliveryStatus.UNKNOWN, DeliveryStatus.WAITING, DeliveryStatus.BEGUN):
        stores.transactions.commit(SaveDelivery(delivery=replace(begun, status=status)))
    stores.transactions.commit(SaveDelivery(delivery=done))

    for status in DeliveryStatus:
        with pytest.raises(ConflictError):
            other.transactions.commit(SaveDelivery(delivery=replace(begun, status=status)))
    assert other.deliveries.find_delivery(begun.key, case=CASE) == done


def test_only_an_expected_status_may_change(stores: Stores) -> None:
    begun = delivery()
    write = SaveDelivery(delivery=begun, expected=(DeliveryStatus.WAITING,))
    with pytest.raises(ConflictError):
        stores.transactions.commit(write)
    stores.transactions.commit(SaveDelivery(delivery=begun, begin=True))
    with pytest.raises(ConflictError):
        stores.transactions.commit(write)
    stores.transactions.commit(SaveDelivery(delivery=replace(begun, status=DeliveryStatus.WAITING)))
    stores.transactions.commit(write)


def test_a_case_s_deliveries_oldest_first(stores: Stores, clock: FrozenClock) -> None:
    made = [delivery(part, at=timedelta(seconds=-part)) for part in (1, 2, 10)]
    elsewhere = delivery(1, case=case_id(conversation_key("lee")))
    for item in (*made, elsewhere):
        stores.transactions.commit(SaveDelivery(delivery=item, begin=True))

    assert stores.deliveries.deliveries(CASE) == made[::-1]
    assert stores.deliveries.find_delivery(made[0].key, case=elsewhere.case) == elsewhere
    assert stores.deliveries.find_delivery("none", case=CASE) is None
    clock.advance(days=400)
    assert stores.deliveries.deliveries(CASE) == []
    assert stores.deliveries.find_delivery(made[0].key, case=CASE) is None


# ---- who is who ----------------------------------------------------------------------------------------------------


def test_links_are_remembered_and_forgotten(stores: Stores, other: Stores) -> None:
    link = Identity(
        author=KIM, contact=contact_ref(), contact_name="Kim Öz", decided_by="agent", decided_at=NOON, why="/link"
    )
    person = PersonRef(helpdesk="zendesk", person=PersonId("7"))
    assert other.identities.find_identity(KIM) is None
    stores.transactions.commit(RememberIdentity(identity=link), RememberPerson(author=KIM, person=person))
    assert other.identities.find_identity(KIM) == link
    assert other.identities.find_person(KIM, "zendesk") == person
    assert other.identities.find_person(KIM, "rt") is None
    assert other.identities.find_identity(AuthorKey(platform="instagram", author=KIM.author)) is None

    again = replace(link, contact=contact_ref("c-2"))
    other.transactions.commit(RememberIdentity(identity=again))
    assert stores.identities.find_identity(KIM) == again
    stores.identities.forget_identity(KIM)
    stores.identities.forget_identity(KIM)
    assert other.identities.find_identity(KIM) is None
    assert other.identities.find_person(KIM, "zendesk") == person


def test_what_is_known_of_an_author_is_read_at_once(stores: Stores, other: Stores) -> None:
    assert other.identities.know(KIM) == KnownAuthor()
    link = Identity(
        author=KIM, contact=contact_ref(), contact_name="Kim Öz", decided_by="agent", decided_at=NOON, why="/link"
    )
    late = Rejection(author=KIM, decided_by="Ada", decided_at=NOON + timedelta(days=2), why="/not-a-customer")
    early = replace(late, decided_at=NOON, contact=contact_ref("c-0"), contact_name="Kim Özdemir", why="/unlink")
    persons = tuple(PersonRef(helpdesk=name, person=PersonId("7")) for name in ("rt", "zendesk"))
    stores.transactions.commit(
        RememberIdentity(identity=link),
        RememberRejection(rejection=late),
        RememberRejection(rejection=early),
        *(RememberPerson(author=KIM, person=person) for person in persons),
    )
    logged = LoggedInteraction(contact=contact_ref(), key="case-1")
    stores.identities.note_logged(KIM, logged)
    assert other.identities.know(KIM) == KnownAuthor(identity=link, rejections=(early, late), persons=persons)
    assert other.identities.rejections(KIM) == [early, late]

    other.transactions.commit(
        ForgetIdentity(author=KIM, only=contact_ref()),
        ForgetRejection(author=KIM),
        ForgetPerson(author=KIM, helpdesk="rt"),
    )
    assert stores.identities.know(KIM) == KnownAuthor(rejections=(early,), persons=persons[1:])
    stores.transactions.commit(ForgetRejection(author=KIM, contact=early.contact))
    stores.transactions.commit(ForgetRejection(author=KIM, contact=early.contact))
    assert other.identities.rejections(KIM) == []


def test_what_a_crm_was_told_is_remembered_until_it_is_taken_back(stores: Stores, other: Stores) -> None:
    many = [LoggedInteraction(contact=contact_ref(f"c-{number % 2}"), key=f"case-{number:03}") for number in range(120)]
    for logged in many:
        stores.identities.note_logged(KIM, logged)
    stores.identities.note_logged(KIM, many[0])
    assert sorted(other.identities.logged(KIM), key=lambda item: item.key) == many
    other.identities.forget_logged(KIM, many[0])
    other.identities.forget_logged(KIM, many[0])
    assert many[0] not in stores.identities.logged(KIM)
    assert len(stores.identities.logged(KIM)) == 119
    assert stores.identities.know(KIM) == KnownAuthor()


def test_what_decisions_teach_is_listed_by_time(stores: Stores, other: Stores) -> None:
    made = [
        Example(
            features={"name:exact": 1.0, "city": float(number)},
            is_same=number % 2 == 0,
            at=NOON + timedelta(days=number),
        )
        for number in range(4)
    ]
    for number in (2, 0, 3, 1):
        stores.examples.put_example(f"e{number}", made[number])
    stores.examples.put_example("e2", made[2])
    assert other.examples.list_examples() == made
    assert other.examples.list_examples(since=NOON + timedelta(days=1)) == made[1:]
    assert other.examples.list_examples(since=NOON + timedelta(days=1), limit=2) == made[1:3]


# ---- cursors and sessions ------------------------------------------------------------------------------------------


def test_a_cursor_moves_only_from_where_it_stands(stores: Stores, other: Stores) -> None:
    def move(name: str, expected: str | None, to: str) -> None:
        before = None if expected is None else Cursor(expected)
        stores.transactions.commit(SaveCursor(name=name, cursor=Cursor(to), expected=before))

    assert other.cursors.find_cursor("poll/zendesk") is None
    with pytest.raises(ConflictError, match="SaveCursor"):
        move("poll/zendesk", "1", "2")
    move("poll/zendesk", None, "1")
    with pytest.raises(ConflictError):
        move("poll/zendesk", None, "2")
    with pytest.raises(ConflictError):
        move("poll/zendesk", "0", "2")
    move("poll/zendesk", "1", '{"a":"ü\ud83d"}')
    move("poll/zendesk", '{"a":"ü\ud83d"}', "")
    move("poll/zendesk", "", "3")
    assert other.cursors.find_cursor("poll/zendesk") == "3"
    assert other.cursors.find_cursor("poll/rt") is None


def test_a_session_is_saved_by_the_quickest(stores: Stores, sessions: SessionStore) -> None:
    first = sessions.save_session("bluesky", Session(values={"access": "a1", "refresh": "r1"}), expected_version=None)
    assert first == Session(values={"access": "a1", "refresh": "r1"}, version=1)
    with pytest.raises(ConflictError):
        sessions.save_session("bluesky", first, expected_version=None)

    second = sessions.save_session("bluesky", Session(values={"access": "a2"}), expected_version=1)
    with pytest.raises(ConflictError):
        sessions.save_session("bluesky", Session(values={"access": "a3"}), expected_version=1)
    with pytest.raises(ConflictError):
        sessions.save_session("mastodon", Session(values={}), expected_version=1)

    assert sessions.find_session("bluesky") == second == Session(values={"access": "a2"}, version=2)
    assert sessions.find_session("mastodon") is None


# ---- the parking lot -----------------------------------------------------------------------------------------------


def parked(number: int, **fields: object) -> ParkedItem:
    values: dict[str, object] = {
        "id": f"p-{number}",
        "reason": ParkReason.MALFORMED,
        "code": "payload",
        "advice": "Look at it.",
        "parked_at": NOON + timedelta(seconds=number),
    }
    return ParkedItem(**(values | fields))  # type: ignore[arg-type]


def test_parked_items_newest_first(stores: Stores, other: Stores) -> None:
    items = [parked(number, queue="inbound", body=f'{{"n":{number}}}') for number in (2, 5, 3)]
    for item in items:
        stores.parking.park(item)

    assert other.parking.list_parked() == [items[1], items[2], items[0]]
    assert other.parking.list_parked(limit=2) == [items[1], items[2]]
    assert other.parking.find_parked("p-3") == items[2]
    assert other.parking.find_parked("p-4") is None
    stores.parking.discard("p-5")
    stores.parking.discard("p-5")
    assert other.parking.list_parked() == [items[2], items[0]]
    assert other.parking.find_parked("p-5") is None


def test_the_list_goes_on_where_a_page_ended(stores: Stores) -> None:
    items = [parked(number, parked_at=NOON + timedelta(minutes=number)) for number in range(5)]
    for item in items:
        stores.parking.park(item)

    newest = list(reversed(items))
    assert stores.parking.list_parked(limit=2, before=newest[1]) == newest[2:4]
    assert stores.parking.list_parked(limit=2, before=newest[3]) == newest[4:]
    assert stores.parking.list_parked(before=newest[4]) == []


def test_what_was_parked_again_meanwhile_is_not_discarded(stores: Stores, other: Stores) -> None:
    first = parked(1)
    stores.parking.park(first)
    again = parked(1, parked_at=NOON + timedelta(minutes=5))
    other.parking.park(again)

    assert not stores.parking.discard("p-1", only=first)
    assert stores.parking.find_parked("p-1") == again
    assert stores.parking.discard("p-1", only=again)
    assert not stores.parking.discard("p-1", only=again)
    assert stores.parking.list_parked() == []


def test_the_same_id_again_replaces(stores: Stores, other: Stores) -> None:
    stores.parking.park(parked(1, body="x" * 200_000))
    again = parked(1, parked_at=NOON + timedelta(minutes=5), reason=ParkReason.EXHAUSTED)
    other.parking.park(again)
    other.parking.park(again)

    assert stores.parking.list_parked() == [again]
    assert stores.parking.find_parked("p-1") == again


@pytest.mark.parametrize(
    "body", ["", "\x00" * 60_000, "x" * 60_001, "😀" * 262_144, "half \ud83d " * 20_000, '"' * 1_048_576]
)
def test_a_body_of_any_length_comes_back(stores: Stores, other: Stores, state: State, body: str) -> None:
    stores.parking.park(parked(1, body=body))
    stores.parking.park(parked(2))

    assert other.parking.find_parked("p-1") == parked(1, body=body)
    assert other.parking.list_parked() == [parked(2), parked(1, body=body)]
    other.parking.discard("p-1")
    assert state.table.query("parked|p-1") == []


def test_a_body_that_no_queue_takes_is_refused(stores: Stores) -> None:
    with pytest.raises(ValueError, match="longer than any queue's message"):
        stores.parking.park(parked(1, body="x" * 1_200_000))


# ---- the directory -------------------------------------------------------------------------------------------------

ACCOUNT = Account(key=PAGE, title="Acme", helpdesk="zendesk", crms=("salesforce",), options={"page": "1"})
CONNECTION = Connection(kind=ConnectionKind.HELPDESK, name="zendesk", connector="zendesk", options={"host": "a"})
ENDPOINT = Endpoint(kind=ConnectionKind.PLATFORM, connector="facebook", name="main", accounts=(AccountId("page-1"),))


def test_the_directory_holds_what_was_put(stores: Stores, other: Stores) -> None:
    crm = Connection(kind=ConnectionKind.CRM, name="zendesk", connector="directory")
    bluesky = Account(key=BLUESKY, title="Acme", helpdesk="zendesk")
    for account in (ACCOUNT, bluesky):
        stores.directory.put_account(account)
    for connection in (CONNECTION, crm):
        stores.directory.put_connection(connection)
    stores.directory.put_endpoint(ENDPOINT)

    assert other.directory.get_account(PAGE) == ACCOUNT
    assert other.directory.get_account(BLUESKY) == bluesky
    assert {account.key: account for account in other.directory.accounts()} == {PAGE: ACCOUNT, BLUESKY: bluesky}
    assert other.directory.get_connection("helpdesk", "zendesk") == CONNECTION
    assert other.directory.get_connection("crm", "zendesk") == crm
    assert other.directory.find_endpoint("platform", "facebook", "main") == ENDPOINT
    assert other.directory.find_endpoint("helpdesk", "facebook", "main") is None
    assert other.directory.endpoints() == [ENDPOINT]
    assert sorted(connection.kind for connection in other.directory.connections()) == ["crm", "helpdesk"]


def test_what_is_missing_is_a_wrong_setting(stores: Stores) -> None:
    with pytest.raises(ConfigurationError, match="facebook:page-1"):
        stores.directory.get_account(PAGE)
    with pytest.raises(ConfigurationError, match="zendesk"):
        stores.directory.get_connection("helpdesk", "zendesk")
    assert stores.directory.policy() == CarePolicy()
    assert stores.directory.accounts() == []


def test_answers_are_good_for_a_minute(stores: Stores, other: Stores, clock: FrozenClock, calls: CountingTable) -> None:
    policy = CarePolicy(max_parts=3, reopen_public=timedelta(days=2), signature_lines=("--",))
    stores.directory.put_account(ACCOUNT)
    assert other.directory.get_account(PAGE) == ACCOUNT
    assert other.directory.policy() == CarePolicy()
    assert other.directory.find_endpoint("platform", "facebook", "main") is None
    stores.directory.put_account(replace(ACCOUNT, paused=True))
    stores.directory.put_policy(policy)
    assert stores.directory.get_account(PAGE).paused
    calls.taken()

    clock.advance(seconds=59)
    assert not other.directory.get_account(PAGE).paused
    assert other.directory.policy() == CarePolicy()
    assert other.directory.find_endpoint("platform", "facebook", "main") is None
    assert calls.taken() == []
    clock.advance(seconds=1)
    assert other.directory.get_account(PAGE).paused
    assert other.directory.policy() == policy


def test_what_was_learned_about_matching_is_kept(stores: Stores, other: Stores, clock: FrozenClock) -> None:
    assert other.directory.match_weights() is None
    learned = Weights(bias=-2, by_feature={"name": 1.5, "city": 0.25}, calibration=((0.1, 0.05), (0.9, 1)))
    stores.directory.put_match_weights(learned)
    assert stores.directory.match_weights() == learned
    clock.advance(seconds=60)
    assert other.directory.match_weights() == learned
    assert other.directory.policy() == CarePolicy()


def test_a_thousand_accounts_are_listed(stores: Stores, state: State) -> None:
    number = 1100 if state.family == "sqlite" else 30
    for index in range(number):
        stores.directory.put_account(replace(ACCOUNT, key=replace(PAGE, account=AccountId(f"page-{index}"))))

    assert len({account.key for account in stores.directory.accounts()}) == number


def test_what_is_remembered_of_asking_an_author_is_guarded(stores: Stores, other: Stores) -> None:
    assert stores.identities.find_asking(KIM) is None
    first = Asking(author=KIM, asked_at=NOON)
    stores.transactions.commit(SaveAsking(asking=first))
    known = other.identities.find_asking(KIM)
    assert known == replace(first, version=1)
    with pytest.raises(ConflictError):
        stores.transactions.commit(SaveAsking(asking=first))
    other.transactions.commit(SaveAsking(asking=replace(known, wrong=2, opted_out_at=NOON)))
    with pytest.raises(ConflictError):
        stores.transactions.commit(SaveAsking(asking=replace(known, wrong=1)))
    assert stores.identities.find_asking(KIM) == replace(known, wrong=2, opted_out_at=NOON, version=2)
    assert stores.identities.know(KIM).identity is None
