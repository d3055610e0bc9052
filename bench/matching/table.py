"""The scenarios: what happens, how often, and what the evidence allows. Written before any matcher was run on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Allows(StrEnum):
    """The most that a careful person would do with the evidence."""

    LINK = "link"
    SUGGEST = "suggest"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Scenario:
    """``share``: how many of a thousand authors, about. ``function``: of bench/matching/{certain,likely,nobody}.py,
    "-" as "_"."""

    name: str
    share: int
    allows: Allows
    words: str
    is_impostor: bool = False
    is_third_party: bool = False
    is_stranger: bool = False


_L, _S, _N = Allows.LINK, Allows.SUGGEST, Allows.NONE

SCENARIOS: tuple[Scenario, ...] = (
    # -- the evidence allows a link
    Scenario("id-stored", 40, _L, "the CRM has the account's immutable id; the handle may have changed"),
    Scenario("id-stored-other-name", 10, _L, "the same, after a marriage or with a pseudonym"),
    Scenario("handle-stored", 40, _L, "the CRM has the handle on the same platform, and the display name agrees"),
    Scenario("handle-stored-nickname", 8, _L, "the same; the display name has the short form of the first name"),
    Scenario("handle-stored-fancy", 8, _L, "the same; mathematical letters, emoji, other diacritics"),
    Scenario("handle-stored-script", 6, _L, "the same; the display name in Greek, Cyrillic or kana"),
    Scenario("email-private", 40, _L, "the own e-mail address in a private message"),
    Scenario("email-private-hidden", 8, _L, "the same, written as name (at) mail . com"),
    Scenario("email-private-pseudonym", 14, _L, "the own e-mail address in private; the display name says nothing"),
    Scenario("email-private-family", 12, _L, "a mailbox of two relatives in private; the first name tells whose"),
    Scenario("phone-private", 22, _L, "the own phone in private, internationally; both names agree"),
    Scenario("phone-private-national", 24, _L, "the own phone in private as written at home; both names agree"),
    Scenario("phone-private-household", 14, _L, "a household's phone in private; both names agree with one of them"),
    Scenario("order-private", 26, _L, "the own order number in private, with or without dashes; both names agree"),
    Scenario("email-duplicates", 8, _L, "the CRM has the author twice, with the same mailbox"),
    Scenario("handle-and-email", 8, _L, "known handle without a telling name, and the own e-mail address in private"),
    # -- a suggestion
    Scenario("handle-elsewhere", 26, _S, "the handle is known on another platform, and the name agrees"),
    Scenario("handle-elsewhere-rare", 12, _S, "a rare handle is known on another platform; the name says nothing"),
    Scenario("handle-stored-pseudonym", 10, _S, "the known handle, with a display name that says nothing"),
    Scenario("email-public", 14, _S, "the own e-mail address, said in public"),
    Scenario("phone-public", 10, _S, "the own phone, said in public"),
    Scenario("order-public", 14, _S, "the own order number, said in public"),
    Scenario("phone-private-no-name", 8, _S, "the own phone in private; the display name says nothing"),
    Scenario("order-private-no-name", 8, _S, "the own order number in private; the display name says nothing"),
    Scenario("family-mailbox-no-name", 6, _S, "a mailbox of two relatives in private; the name says nothing"),
    Scenario("mailbox-and-phone-differ", 6, _S, "e-mail address of one contact, phone of another one"),
    Scenario("name-and-city", 60, _S, "the same name and city"),
    Scenario("rare-name", 25, _S, "a rare name, no city"),
    Scenario("nickname-and-city", 18, _S, "the short form of the first name, and the city"),
    Scenario("initial-and-city", 12, _S, "the first name's initial, the family name and the city"),
    Scenario("name-fancy", 12, _S, "name and city; mathematical letters, emoji, other diacritics"),
    Scenario("name-script", 10, _S, "name in another script than the CRM's, and city"),
    Scenario("name-swapped", 10, _S, "family name first, and the city"),
    Scenario("half-double-name", 10, _S, "one half of a double family name, and the city"),
    Scenario("moved", 10, _S, "a rare name; the CRM has the old city"),
    Scenario("bio-handle", 12, _S, "the bio names the account on another platform that the CRM knows"),
    Scenario("website-domain", 10, _S, "the website is on the domain of the contact's own mailbox"),
    Scenario(
        "name-in-handle", 12, _S, "the display name says nothing; the handle holds both names, and the city agrees"
    ),
    Scenario("works-at", 8, _S, "the name and the company in the bio"),
    Scenario("renamed-account", 10, _S, "the CRM knows an older handle of the same person here, without id"),
    # -- nobody of the CRM, or nobody that the evidence could tell
    Scenario("stranger-common", 110, _N, "not in the CRM; a common name", is_stranger=True),
    Scenario("stranger-rare", 60, _N, "not in the CRM; a rare name", is_stranger=True),
    Scenario("stranger-pseudonym", 60, _N, "not in the CRM; the name says nothing", is_stranger=True),
    Scenario(
        "stranger-noise", 30, _N, "not in the CRM; numbers of other firms, dates, typing errors", is_stranger=True
    ),
    Scenario(
        "stranger-email", 15, _N, "not in the CRM; gives an own e-mail address that nobody knows", is_stranger=True
    ),
    Scenario("silent-customer", 30, _N, "a customer under a pseudonym who gives nothing away"),
    Scenario("namesake", 25, _N, "not in the CRM; a namesake in another city is", is_stranger=True),
    Scenario("relative", 20, _N, "not in the CRM; a relative in the same city is", is_stranger=True),
    Scenario("company-account", 10, _N, "the account of a firm that a contact works for, or is named after"),
    Scenario("recycled-handle", 10, _N, "somebody else's account now has a handle that the CRM knows with another id"),
    Scenario("recycled-handle-no-id", 8, _N, "the same; the CRM has no id, and the name is another one"),
    Scenario("role-mailbox", 8, _N, "gives info@, office@ or the like in private"),
    Scenario("brand-quoted", 8, _N, "quotes the company's own mailbox or hotline"),
    Scenario("third-email", 14, _N, "a relative's or friend's e-mail address in private", is_third_party=True),
    Scenario("third-phone", 14, _N, "a relative's or friend's phone in private", is_third_party=True),
    Scenario("third-order", 12, _N, "a relative's order number, or one from a label, in private", is_third_party=True),
    Scenario(
        "third-same-family", 12, _N, "a relative's phone or order in private, same family name", is_third_party=True
    ),
    Scenario(
        "shared-phone-stranger", 12, _N, "says 'my number', which the CRM has for a relative", is_third_party=True
    ),
    Scenario("similar-first-name", 10, _N, "Josephine with Joseph's phone as her own", is_third_party=True),
    Scenario("reassigned-phone", 6, _N, "an own phone that belonged to a contact before", is_third_party=True),
    Scenario("customer-for-relative", 12, _S, "a customer with name and city, who gives a relative's number"),
    Scenario(
        "impostor-copy", 14, _N, "copies name, picture and handle (look-alike) of a contact's account", is_impostor=True
    ),
    Scenario(
        "impostor-name-picture", 8, _N, "copies name and picture; a new account with another handle", is_impostor=True
    ),
    Scenario(
        "impostor-with-email", 6, _N, "the same, and says the contact's e-mail address in public", is_impostor=True
    ),
    Scenario("impostor-private", 5, _N, "the same, in private; the CRM knows the true account's id", is_impostor=True),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
