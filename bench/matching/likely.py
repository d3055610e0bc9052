"""Scenarios that allow a suggestion: likely, or certain only for those who could know more."""

from __future__ import annotations

from bench.matching.cases import Case, Desk, crowd
from bench.matching.people import PLATFORMS, Person
from bench.matching.scripts import simple


def handle_elsewhere(desk: Desk) -> Case:
    person = desk.world.person()
    known = desk.rng.choice([name for name in person.presences if name not in ("bluesky", "mastodon")] or ["x"])
    here = person.presences.get(known) or desk.world.presence(person, known)
    platform = desk.rng.choice([name for name in ("instagram", "tiktok", "youtube", "facebook", "x") if name != known])
    person.presences.pop(platform, None)
    row = desk.world.row(person, desk.contact_id(), social=(known,))
    author = desk.author(person, platform=platform, handle=here.handle)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def handle_elsewhere_rare(desk: Desk) -> Case:
    person = desk.world.person()
    known, platform = desk.rng.sample(("instagram", "tiktok", "youtube", "facebook", "x"), 2)
    here = desk.world.presence(person, known, f"{desk.world.pseudonym()}{desk.rng.choice('xqz')}")
    row = desk.world.row(person, desk.contact_id(), social=(known,))
    author = desk.author(person, platform=platform, handle=here.handle, display_name=here.handle)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def handle_stored_pseudonym(desk: Desk) -> Case:
    person = desk.world.person()
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,))
    row["social"][0]["user_id"] = None
    author = desk.author(person, platform=platform, display_name=desk.world.pseudonym())
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def _said(desk: Desk, kind: str, value: str, person: Person, *, public: bool, named: bool = True) -> Case:
    row = desk.world.row(person, desk.contact_id(), emails=person.emails, phones=person.phones, orders=person.orders)
    sentence = desk.say(kind, person, value)
    author = desk.author(person, desk.public(sentence) if public else desk.private(sentence))
    if not named:
        author["display_name"] = desk.world.pseudonym()
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def email_public(desk: Desk) -> Case:
    person = desk.world.person()
    return _said(desk, "own_email", person.emails[0], person, public=True)


def phone_public(desk: Desk) -> Case:
    person = desk.world.person()
    return _said(desk, "own_phone", desk.world.international(person.phones[0], person.place), person, public=True)


def order_public(desk: Desk) -> Case:
    person = desk.world.person()
    person.orders = [desk.world.order()]
    return _said(desk, "own_order", desk.written_order(person.orders[0]), person, public=True)


def phone_private_no_name(desk: Desk) -> Case:
    person = desk.world.person()
    number = desk.world.international(person.phones[0], person.place)
    return _said(desk, "own_phone", number, person, public=False, named=False)


def order_private_no_name(desk: Desk) -> Case:
    person = desk.world.person()
    person.orders = [desk.world.order()]
    return _said(desk, "own_order", desk.written_order(person.orders[0]), person, public=False, named=False)


def family_mailbox_no_name(desk: Desk) -> Case:
    one = desk.world.person()
    other = desk.relative(one)
    other.emails = one.emails = one.emails[:1]
    rows = [desk.world.row(person, desk.contact_id(), emails=one.emails) for person in (one, other)]
    author = desk.author(
        one, desk.private(desk.say("own_email", one, one.emails[0])), display_name=desk.world.pseudonym()
    )
    return Case(rows=rows, author=author, right=[rows[0]["contact_id"]], wrong=[rows[1]["contact_id"]], findable=True)


def mailbox_and_phone_differ(desk: Desk) -> Case:
    one = desk.world.person()
    other = desk.relative(one)
    rows = [
        desk.world.row(one, desk.contact_id(), emails=one.emails, phones=[]),
        desk.world.row(other, desk.contact_id(), emails=other.emails, phones=other.phones),
    ]
    number = desk.world.international(other.phones[0], other.place)
    said = desk.private(desk.say("own_email", one, one.emails[0]), desk.say("own_phone", one, number))
    author = desk.author(one, said, display_name=desk.world.pseudonym())
    return Case(rows=rows, author=author, right=[rows[0]["contact_id"]], wrong=[rows[1]["contact_id"]], findable=True)


def _named(desk: Desk, person: Person, shown: str, *, city: bool = True) -> Case:
    """Found by the name alone, with the city or without."""
    row = desk.world.row(person, desk.contact_id(), social=(), city=person.city)
    author = desk.author(person, display_name=shown, city=city)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True, crowd=crowd(person, city=city))


def name_and_city(desk: Desk) -> Case:
    person = desk.world.person()
    return _named(desk, person, desk.shown(person))


def rare_name(desk: Desk) -> Case:
    person = desk.world.person(rare=True)
    return _named(desk, person, desk.shown(person), city=False)


def nickname_and_city(desk: Desk) -> Case:
    person = desk.with_nickname()
    return _named(desk, person, f"{desk.nickname(person)} {person.family}")


def initial_and_city(desk: Desk) -> Case:
    person = desk.world.person(rare=True)
    return _named(
        desk, person, desk.rng.choice((f"{person.given[0]}. {person.family}", f"{person.given[0]} {person.family}"))
    )


def name_fancy(desk: Desk) -> Case:
    person = desk.world.person()
    return _named(desk, person, desk.fancy(person))


def name_script(desk: Desk) -> Case:
    person = desk.world.person(only=("GR", "UA", "JP"))
    return _named(desk, person, desk.script(person))


def name_swapped(desk: Desk) -> Case:
    person = desk.world.person()
    return _named(desk, person, f"{person.family}{desk.rng.choice((' ', ', '))}{person.given}")


def half_double_name(desk: Desk) -> Case:
    person = desk.world.person(only=("DE", "AT", "CH", "GB", "FR"))
    half, other = desk.world.rare_family(person.place), person.family.split("-")[0]
    person.family = desk.rng.choice((f"{other}-{half}", f"{half}-{other}"))
    desk.world.settle(person)
    return _named(desk, person, f"{person.given} {half}")


def moved(desk: Desk) -> Case:
    person = desk.world.person(rare=True)
    row = desk.world.row(person, desk.contact_id(), social=(), city=desk.city_of(person.place, person.city))
    author = desk.author(person, display_name=person.name, city=True)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True, crowd=crowd(person, city=False))


def bio_handle(desk: Desk) -> Case:
    person = desk.world.person()
    known, platform = desk.rng.sample([name for name in PLATFORMS if name not in ("bluesky", "mastodon")], 2)
    there = person.presences.get(known) or desk.world.presence(person, known)
    person.presences.pop(platform, None)
    row = desk.world.row(person, desk.contact_id(), social=(known,))
    short = {
        "x": ("X", "twitter"),
        "instagram": ("IG", "insta"),
        "facebook": ("fb",),
        "youtube": ("YT",),
        "tiktok": ("tiktok",),
    }
    bio = desk.rng.choice(
        (
            f"{desk.rng.choice(short[known])}: @{there.handle}",
            f"also @{there.handle} on {known}",
            f"https://{known}.com/{there.handle}",
        )
    )
    author = desk.author(person, platform=platform, bio=f"{desk.say('bio', person)} {bio}", city=False)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def website_domain(desk: Desk) -> Case:
    person = desk.world.person()
    stem = desk.rng.choice(
        (f"{simple(person.given)}-{simple(person.family)}", f"studio-{simple(person.family)}", desk.world.pseudonym())
    )
    domain = f"{stem.replace('_', '-')}.{desk.rng.choice(('com', 'net', 'org', 'de', 'io'))}"
    person.emails = [desk.world.email(person, domain)]
    row = desk.world.row(person, desk.contact_id(), emails=person.emails)
    website = desk.rng.choice((f"https://www.{domain}/", f"http://{domain}", domain))
    author = desk.author(person, website=website)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True)


def name_in_handle(desk: Desk) -> Case:
    person = desk.world.person(rare=True)
    given, family = simple(person.given), simple(person.family)
    handle = desk.rng.choice((f"{given}{family}", f"{given}_{family}", f"{given}.{family}", f"{family}.{given}"))
    platform = desk.rng.choice(("instagram", "tiktok", "x"))
    person.presences.pop(platform, None)
    here = desk.world.presence(person, platform, handle)
    row = desk.world.row(person, desk.contact_id(), social=(), city=person.city)
    author = desk.author(person, platform=platform, handle=here.handle, display_name=desk.world.pseudonym(), city=True)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True, crowd=crowd(person, city=True))


def works_at(desk: Desk) -> Case:
    person = desk.world.person()
    person.company = desk.world.company(person.place)
    row = desk.world.row(person, desk.contact_id(), social=())
    short = person.company.rsplit(" ", 1)[0] if desk.rng.random() < 0.4 else person.company
    bio = desk.rng.choice((f"Works at {short}", f"{short}", f"Engineer @ {short}"))
    author = desk.author(person, display_name=person.name, bio=bio)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True, crowd=crowd(person, city=False))


def renamed_account(desk: Desk) -> Case:
    person = desk.world.person()
    platform = desk.rng.choice(list(person.presences))
    row = desk.world.row(person, desk.contact_id(), social=(platform,), city=person.city)
    row["social"][0]["user_id"] = None
    old = person.presences.pop(platform)
    author = desk.author(person, platform=platform, display_name=person.name, city=True, avatar_hash=old.avatar)
    return Case(rows=[row], author=author, right=[row["contact_id"]], findable=True, crowd=crowd(person, city=True))
