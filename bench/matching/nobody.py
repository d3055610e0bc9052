"""Scenarios with nobody to find: strangers, other people's identifiers, firms, deceivers."""

from __future__ import annotations

from typing import Any

from bench.matching.cases import Case, Desk, crowd
from bench.matching.people import Person, word_list
from bench.matching.scripts import simple


def _stranger(desk: Desk, person: Person, *said: dict[str, Any], **changed: Any) -> Case:
    return Case(author=desk.author(person, said, **changed))


def stranger_common(desk: Desk) -> Case:
    return _stranger(desk, desk.world.person())


def stranger_rare(desk: Desk) -> Case:
    return _stranger(desk, desk.world.person(rare=True))


def stranger_pseudonym(desk: Desk) -> Case:
    person = desk.world.person()
    return _stranger(desk, person, display_name=desk.rng.choice((desk.world.pseudonym(), person.given, "🌙", "")))


def stranger_noise(desk: Desk) -> Case:
    person, rng = desk.world.person(), desk.rng
    other = desk.world.order()
    said = rng.choice(
        (
            desk.say(
                "own_order",
                person,
                f"{rng.randint(100, 999)}-{rng.randint(1000000, 9999999)}-{rng.randint(1000000, 9999999)}",
            ),
            desk.say("own_order", person, other),
            f"IBAN DE{rng.randint(10, 99)} {rng.randint(1000, 9999)} {rng.randint(1000, 9999)} 0000",
            f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.2026 {rng.randint(10, 23)}:30 ref {rng.randint(10**6, 10**9)}",
            f"tracking 1Z{rng.randint(10**9, 10**10)} 📦 !!!",
        )
    )
    return _stranger(desk, person, *desk.private(said))


def stranger_email(desk: Desk) -> Case:
    person = desk.world.person()
    return _stranger(desk, person, *desk.private(desk.say("own_email", person, person.emails[0])))


def silent_customer(desk: Desk) -> Case:
    person = desk.world.person()
    row = desk.world.row(person, desk.contact_id(), social=())
    platform = desk.rng.choice(("x", "instagram", "tiktok"))
    person.presences.pop(platform, None)
    here = desk.world.presence(person, platform, desk.world.pseudonym())
    author = desk.author(person, platform=platform, display_name=here.handle)
    return Case(rows=[row], author=author, right=[row["contact_id"]])


def namesake(desk: Desk) -> Case:
    person = desk.world.person()
    author = desk.author(person, city=True)
    person.city = desk.city_of(person.place, person.city)
    person.emails, person.phones, person.orders = [], [desk.world.phone(person.place)], [desk.world.order()]
    row = desk.world.row(person, desk.contact_id(), social=(), city=person.city)
    return Case(rows=[row], author=author, wrong=[row["contact_id"]])


def relative(desk: Desk) -> Case:
    contact = desk.world.person(rare=True)
    person = desk.relative(contact)
    row = desk.world.row(contact, desk.contact_id(), city=contact.city)
    return Case(rows=[row], author=desk.author(person, city=True), wrong=[row["contact_id"]])


def company_account(desk: Desk) -> Case:
    contact = desk.world.person()
    contact.company = firm = desk.world.company(contact.place)
    shown = firm
    if desk.rng.random() < 0.4:
        shown = f"{desk.rng.choice(('Bäckerei', 'Autohaus', 'Praxis', 'Studio'))} {contact.family}"
    row = desk.world.row(contact, desk.contact_id(), city=contact.city)
    platform = desk.rng.choice(("facebook", "x", "instagram"))
    contact.presences.pop(platform, None)
    here = desk.world.presence(contact, platform, simple(shown))
    author = desk.author(
        contact, platform=platform, handle=here.handle, display_name=shown, city=True, avatar_hash=None
    )
    return Case(rows=[row], author=author, wrong=[row["contact_id"]])


def _recycled(desk: Desk, *, with_id: bool) -> Case:
    contact = desk.world.person()
    platform = desk.rng.choice(list(contact.presences))
    row = desk.world.row(contact, desk.contact_id(), social=(platform,))
    if not with_id:
        row["social"][0]["user_id"] = None
    person = desk.world.person()
    old = contact.presences[platform]
    author = desk.author(person, platform=platform, handle=old.handle)
    return Case(rows=[row], author=author, wrong=[row["contact_id"]])


def recycled_handle(desk: Desk) -> Case:
    return _recycled(desk, with_id=True)


def recycled_handle_no_id(desk: Desk) -> Case:
    return _recycled(desk, with_id=False)


def role_mailbox(desk: Desk) -> Case:
    contact = desk.world.person()
    contact.company = desk.world.company(contact.place)
    domain = f"{simple(contact.company)}.example.com"
    email = f"{desk.rng.choice(word_list('roles'))}@{domain}"
    row = desk.world.row(contact, desk.contact_id(), emails=[email])
    person = desk.world.person()
    said = desk.private(desk.say("own_email", person, email))
    return Case(rows=[row], author=desk.author(person, said), wrong=[row["contact_id"]])


def brand_quoted(desk: Desk) -> Case:
    person = desk.world.person()
    value = desk.rng.choice(("support@thebrand.example", "+49 800 1234567", "0800 1234567", "service@thebrand.example"))
    return _stranger(desk, person, *desk.private(desk.say("quoted", person, value)))


def _third(desk: Desk, contact: Person, person: Person, kind: str, value: str) -> Case:
    row = desk.world.row(
        contact, desk.contact_id(), emails=contact.emails, phones=contact.phones, orders=contact.orders
    )
    said = desk.private(desk.say("plain", person), desk.say(kind, person, value, contact.given))
    return Case(rows=[row], author=desk.author(person, said[desk.rng.randrange(2) :]), wrong=[row["contact_id"]])


def third_email(desk: Desk) -> Case:
    contact, person = desk.world.person(), desk.world.person()
    return _third(desk, contact, person, "other_email", contact.emails[0])


def _written_phone(desk: Desk, contact: Person) -> str:
    write = desk.world.international if desk.rng.random() < 0.6 else desk.world.national
    return write(contact.phones[0], contact.place)


def third_phone(desk: Desk) -> Case:
    contact, person = desk.world.person(), desk.world.person()
    return _third(desk, contact, person, "other_phone", _written_phone(desk, contact))


def third_order(desk: Desk) -> Case:
    contact, person = desk.world.person(), desk.world.person()
    contact.orders = [desk.world.order()]
    return _third(desk, contact, person, "other_order", desk.written_order(contact.orders[0]))


def third_same_family(desk: Desk) -> Case:
    contact = desk.world.person()
    person = desk.relative(contact)
    contact.orders = [desk.world.order()]
    if desk.rng.random() < 0.5:
        return _third(desk, contact, person, "other_phone", _written_phone(desk, contact))
    return _third(desk, contact, person, "other_order", contact.orders[0])


def _is_one_name(one: str, other: str) -> bool:
    """Whether nobody could tell by the first name that two relatives are two: Käthe and Katharina."""
    return any({one, other} == set(pair.split("=")) for pair in word_list("forms_of_one"))


def shared_phone_stranger(desk: Desk) -> Case:
    contact = desk.world.person()
    person = desk.relative(contact)
    while _is_one_name(contact.given, person.given):
        person = desk.relative(contact)
    return _third(desk, contact, person, "own_phone", _written_phone(desk, contact))


def similar_first_name(desk: Desk) -> Case:
    contact = desk.world.person()
    person = desk.relative(contact)
    pair = desk.rng.choice(word_list("similar")).split("=")
    desk.rng.shuffle(pair)
    contact.given, person.given = pair
    for one in (contact, person):
        desk.world.settle(one)
    return _third(desk, contact, person, "own_phone", _written_phone(desk, contact))


def reassigned_phone(desk: Desk) -> Case:
    contact, person = desk.world.person(), desk.world.person()
    return _third(desk, contact, person, "own_phone", _written_phone(desk, contact))


def customer_for_relative(desk: Desk) -> Case:
    person = desk.world.person()
    other = desk.relative(person)
    other.orders = [desk.world.order()]
    rows = [
        desk.world.row(person, desk.contact_id(), social=(), city=person.city),
        desk.world.row(other, desk.contact_id(), phones=other.phones, orders=other.orders),
    ]
    kind, value = desk.rng.choice(
        (("other_phone", _written_phone(desk, other)), ("other_order", desk.written_order(other.orders[0])))
    )
    author = desk.author(
        person, desk.private(desk.say(kind, person, value, other.given)), city=True, display_name=person.name
    )
    mine, theirs = (row["contact_id"] for row in rows)
    return Case(rows=rows, author=author, right=[mine], wrong=[theirs], findable=True, crowd=crowd(person, city=True))


# -- deceivers --------------------------------------------------------------------------------------------------------


def _alike(desk: Desk, handle: str) -> str:
    """A handle that is read as another one."""
    stem, dot, tail = handle.partition(".bsky") if ".bsky" in handle else handle.partition("@")
    swaps = [(a, b) for a, b in (("l", "1"), ("o", "0"), ("i", "l"), ("m", "rn"), ("e", "3"), ("_", "")) if a in stem]
    ways = [f"{stem}_", f"_{stem}", f"{stem}1", f"{stem}_official", f"{stem}.real", stem + stem[-1]]
    ways += [stem.replace(a, b, 1) for a, b in swaps] * 2
    return f"{desk.rng.choice(ways)}{dot}{tail}"


def _deceiver(desk: Desk, *, alike: bool, with_id: bool | None = None) -> tuple[Case, Person]:
    victim = desk.world.person()
    platform = desk.rng.choice(list(victim.presences))
    row = desk.world.row(victim, desk.contact_id(), social=(platform,), emails=victim.emails, city=victim.city)
    keeps_id = desk.rng.random() < 0.7 if with_id is None else with_id
    if not keeps_id:
        row["social"][0]["user_id"] = None
    true = victim.presences[platform]
    handle = _alike(desk, true.handle) if alike else desk.world.handle_stem(victim) + str(desk.rng.randint(2, 99))
    author = desk.author(
        victim,
        platform=platform,
        handle=handle,
        user_id=desk.world.user_id(platform),
        display_name=victim.name,
        avatar_hash=true.avatar,
        city=desk.rng.random() < 0.4,
        **desk.new_account(),
    )
    return Case(rows=[row], author=author, wrong=[row["contact_id"]]), victim


def impostor_copy(desk: Desk) -> Case:
    return _deceiver(desk, alike=True)[0]


def impostor_name_picture(desk: Desk) -> Case:
    return _deceiver(desk, alike=False)[0]


def impostor_with_email(desk: Desk) -> Case:
    case, victim = _deceiver(desk, alike=True)
    case.author["messages"] = desk.public(desk.say("own_email", victim, victim.emails[0]))
    return case


def impostor_private(desk: Desk) -> Case:
    case, victim = _deceiver(desk, alike=True, with_id=True)
    case.author["messages"] = desk.private(desk.say("own_email", victim, victim.emails[0]))
    return case
