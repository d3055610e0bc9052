"""Scenarios whose evidence allows a link."""

from __future__ import annotations

from bench.matching.cases import Case, Desk


def id_stored(desk: Desk) -> Case:
    person = desk.world.person()
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,))
    author = desk.author(person, platform=platform)
    if desk.rng.random() < 0.5:
        author["handle"] = desk.world.pseudonym()
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def id_stored_other_name(desk: Desk) -> Case:
    case = id_stored(desk)
    married = desk.world.person().family
    pseudonym = desk.world.pseudonym().replace("_", " ")
    given = case.rows[0]["name"].split()[0]
    case.author["display_name"] = desk.rng.choice((f"{given} {married}", pseudonym, None))
    return case


def handle_stored(desk: Desk) -> Case:
    person = desk.world.person()
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,))
    row["social"][0]["user_id"] = None
    if desk.rng.random() < 0.4:
        row["social"][0]["avatar_hash"] = None
    if desk.rng.random() < 0.2:
        row["social"][0]["handle"] = f"@{row['social'][0]['handle']}"
    author = desk.author(person, platform=platform)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def handle_stored_nickname(desk: Desk) -> Case:
    person = desk.with_nickname()
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,))
    row["social"][0]["user_id"] = None
    author = desk.author(person, platform=platform, display_name=f"{desk.nickname(person)} {person.family}")
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def handle_stored_fancy(desk: Desk) -> Case:
    person = desk.world.person()
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,))
    row["social"][0]["user_id"] = None
    author = desk.author(person, platform=platform, display_name=desk.fancy(person))
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def handle_stored_script(desk: Desk) -> Case:
    person = desk.world.person(only=("GR", "UA", "JP"))
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,))
    row["social"][0]["user_id"] = None
    author = desk.author(person, platform=platform, display_name=desk.script(person))
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def email_private(desk: Desk) -> Case:
    person = desk.world.person()
    row = desk.world.row(person, desk.contact_id(), emails=person.emails)
    said = desk.private(desk.say("plain", person), desk.say("own_email", person, desk.rng.choice(person.emails)))
    author = desk.author(person, said[desk.rng.randrange(2) :])
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def email_private_hidden(desk: Desk) -> Case:
    person = desk.world.person()
    row = desk.world.row(person, desk.contact_id(), emails=person.emails)
    author = desk.author(person, desk.private(desk.say("own_email", person, desk.hidden_email(person.emails[0]))))
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def email_private_pseudonym(desk: Desk) -> Case:
    case = email_private(desk)
    case.author["display_name"] = desk.world.pseudonym()
    return case


def email_private_family(desk: Desk) -> Case:
    one = desk.world.person()
    other = desk.relative(one)
    other.emails = one.emails = one.emails[:1]
    rows = [desk.world.row(person, desk.contact_id(), emails=one.emails) for person in (one, other)]
    author = desk.author(one, desk.private(desk.say("own_email", one, one.emails[0])))
    author["display_name"] = one.name
    return Case(rows=rows, author=author, right=[rows[0]["contact_id"]], wrong=[rows[1]["contact_id"]], findable=True)


def phone_private(desk: Desk) -> Case:
    person = desk.world.person()
    row = desk.world.row(person, desk.contact_id(), phones=person.phones)
    number = desk.world.international(person.phones[0], person.place)
    author = desk.author(person, desk.private(desk.say("own_phone", person, number)))
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def phone_private_national(desk: Desk) -> Case:
    person = desk.world.person()
    written = desk.world.national(person.phones[0], person.place)
    stored = desk.world.national(person.phones[0], person.place) if desk.rng.random() < 0.5 else person.phones[0]
    row = desk.world.row(person, desk.contact_id(), phones=[stored])
    author = desk.author(person, desk.private(desk.say("own_phone", person, written)), city=desk.rng.random() < 0.6)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def phone_private_household(desk: Desk) -> Case:
    one = desk.world.person()
    other = desk.relative(one)
    other.phones = one.phones
    rows = [desk.world.row(person, desk.contact_id(), phones=one.phones) for person in (one, other)]
    number = desk.world.international(one.phones[0], one.place)
    author = desk.author(one, desk.private(desk.say("own_phone", one, number)), display_name=one.name)
    return Case(rows=rows, author=author, right=[rows[0]["contact_id"]], wrong=[rows[1]["contact_id"]], findable=True)


def order_private(desk: Desk) -> Case:
    person = desk.world.person()
    person.orders = person.orders or [desk.world.order()]
    row = desk.world.row(person, desk.contact_id())
    number = desk.written_order(desk.rng.choice(person.orders))
    author = desk.author(person, desk.private(desk.say("own_order", person, number)))
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def email_duplicates(desk: Desk) -> Case:
    person = desk.world.person()
    rows = [desk.world.row(person, desk.contact_id(), emails=person.emails[:1], social=()) for _ in range(2)]
    rows[1] |= {"orders": [], "company": None, "created": None}
    author = desk.author(person, desk.private(desk.say("own_email", person, person.emails[0])))
    return Case(rows=rows, author=author, right=[row["contact_id"] for row in rows], findable=True)


def handle_and_email(desk: Desk) -> Case:
    case = handle_stored(desk)
    row = case.rows[0]
    email = desk.world.email(desk.world.person())
    row["emails"] = [email]
    case.author |= {"display_name": desk.world.pseudonym(), "messages": desk.private(f"{email}")}
    return case
