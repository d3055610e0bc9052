"""Identifiers in messages, and whose they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import ConfigurationError
from chalicelib.core.events import Visibility
from chalicelib.core.matching import claims_in, patterns_of
from chalicelib.core.matching.finding import find
from chalicelib.core.matching.types import Claim, Direction, MatchSettings, Said
from chalicelib.core.people import ClueKind
from tests.unit.matching.people import SETTINGS, privately, publicly

OWN, OTHER, ROLE, UNCLEAR = Direction.OWN, Direction.OTHER, Direction.ROLE, Direction.UNCLEAR
MAIL = "kim@mail.example"
DIRECTIONS = [
    ("My email is kim@mail.example", OWN),
    ("kim@mail.example", OWN),
    ("Hi, kim@mail.example thanks", OWN),
    ("You can reach me at kim@mail.example.", OWN),
    ("My wife has no account; my e-mail is kim@mail.example", OWN),
    ("Meine Mail: kim@mail.example, bitte melden", OWN),
    ("Ihr erreicht mich unter kim@mail.example", OWN),
    ("Mon adresse mail est kim@mail.example", OWN),
    ("Mi correo es kim@mail.example", OWN),
    ("La mia mail è kim@mail.example", OWN),
    ("Mijn e-mailadres is kim@mail.example", OWN),
    ("O meu e-mail é kim@mail.example", OWN),
    ("Mój e-mail to kim@mail.example", OWN),
    ("Min e-post är kim@mail.example", OWN),
    ("My dad's email is kim@mail.example, he can't log in", OTHER),
    ("It's for my grandma: kim@mail.example", OTHER),
    ("The account is my wife's, kim@mail.example", OTHER),
    ("It's on my husband's account, kim@mail.example", OTHER),
    ("Please contact my flatmate Jo at kim@mail.example", OTHER),
    ("That's Peter's e-mail: kim@mail.example", OTHER),
    ("It belongs to someone else: kim@mail.example", OTHER),
    ("kim@mail.example is not mine", OTHER),
    ("I got a message from kim@mail.example, is that really you?", OTHER),
    ("The label says kim@mail.example", OTHER),
    ("Für meine Oma: kim@mail.example", OTHER),
    ("Die Adresse meines Vaters ist kim@mail.example", OTHER),
    ("Das Konto läuft auf meine Frau, kim@mail.example", OTHER),
    ("Auf dem Etikett steht kim@mail.example", OTHER),
    ("C'est pour ma grand-mère : kim@mail.example", OTHER),
    ("El correo de mi padre es kim@mail.example", OTHER),
    ("È per mia nonna: kim@mail.example", OTHER),
    ("Het adres van mijn vader is kim@mail.example", OTHER),
    ("O e-mail da minha mãe é kim@mail.example", OTHER),
    ("To dla mojej babci: kim@mail.example", OTHER),
    ("Büyükannem için: kim@mail.example", OTHER),
    ("> my email is kim@mail.example", OTHER),
    ("Your support kim@mail.example never answers", OTHER),
    ("Gern an kim@mail.example, danke", OWN),
    ("Schreibt mir bitte an kim@mail.example", OWN),
    ("Hi! Mailadresse: kim@mail.example Lg", OWN),
    ("Account email: kim@mail.example", OWN),
    ("Me registré con kim@mail.example", OWN),
    ("Ik sta ingeschreven met kim@mail.example", OWN),
    ("Konto mam na kim@mail.example", OWN),
    ("A mate of mine, kim@mail.example, has the same issue", OTHER),
    ("The previous tenant still gets mail from you, kim@mail.example", OTHER),
    ("Die Vormieterin bekommt hier noch Post von euch, kim@mail.example", OTHER),
    ("Ein Bekannter von mir, kim@mail.example, hat das gleiche Problem", OTHER),
    ("Unser Azubi: kim@mail.example", OTHER),
    ("Eure Mitarbeiterin hat mir kim@mail.example gegeben", OTHER),
    ("Who is kim@mail.example? They keep spamming me", OTHER),
    ("The invoice went to kim@mail.example, no idea who that is", OTHER),
    ("Me llegó el paquete de otra persona, kim@mail.example", OTHER),
    ("Ho ricevuto il pacco di un altro, kim@mail.example", OTHER),
    ("kim@mail.example è del mio capo", OTHER),
    ("Ik kreeg het pakket van iemand anders, kim@mail.example", OTHER),
    ("Niet van mij maar van mijn man: kim@mail.example", OTHER),
    ("Proszę o kontakt z moją żoną, kim@mail.example", OTHER),
    ("To nie moje, to męża: kim@mail.example", OTHER),
    ("Na etykiecie jest kim@mail.example, ale to nie ja", OTHER),
    ("kim@mail.example patronuma ait", OTHER),
    ("Eşimle iletişime geçin lütfen, kim@mail.example", OTHER),
    ("Etikette kim@mail.example yazıyor ama ben değilim", OTHER),
    ("De : <kim@mail.example>", OTHER),
    ("Bitte Antwort an kim@mail.example", OWN),
    ("Someone is using kim@mail.example", OTHER),
    ("The seller was kim@mail.example", OTHER),
    ("Der Verkäufer war kim@mail.example", OTHER),
    ("Bitte auch kim@mail.example in Kopie", OTHER),
    ("Please remove kim@mail.example, she passed away", OTHER),
    ("Unsere Sekretärin erreicht ihr unter kim@mail.example", OTHER),
    ("Mój syn używa kim@mail.example", OTHER),
    ("Ich bin nicht kim@mail.example!", OTHER),
    ("Why does my order confirmation go to kim@mail.example?", UNCLEAR),
    ("Pourquoi ma facture part à kim@mail.example ?", OTHER),
    ("Nothing works since Monday kim@mail.example nothing at all", UNCLEAR),
]


def only(text: str, settings: MatchSettings = SETTINGS) -> Claim:
    [claim] = claims_in(privately(text), settings)
    return claim


@pytest.mark.parametrize(("text", "direction"), DIRECTIONS)
def test_whose_it_is(text: str, direction: Direction) -> None:
    claim = only(text)
    assert (claim.kind, claim.value, claim.direction) == (ClueKind.EMAIL, MAIL, direction)


@pytest.mark.parametrize(
    ("text", "direction"),
    [("Write to info@mail.example", ROLE), ("My email is help@acme.example", OTHER), ("help@x.acme.example", OTHER)],
)
def test_shared_mailboxes_and_the_companys_own(text: str, direction: Direction) -> None:
    assert only(text).direction is direction
    ours = claims_in(privately("Your hotline 030 1234567 is busy"), SETTINGS)
    assert {claim.direction for claim in ours} == {OTHER}


def test_each_identifier_has_its_own_owner() -> None:
    claims = claims_in(privately("My dad's number is +49 171 2345678, mine is +49 171 7654321"), SETTINGS)
    assert {claim.value: claim.direction for claim in claims} == {"+491712345678": OTHER, "+491717654321": OWN}


def test_a_bare_answer_is_no_longer_own_after_talk_of_somebody_else() -> None:
    claims = claims_in(privately("It's on my wife's account.", MAIL), SETTINGS)
    assert [claim.direction for claim in claims] == [UNCLEAR]


@pytest.mark.parametrize(
    "written",
    [
        "kim (at) mail . example",
        "kim[at]mail[dot]example",
        "kim at mail dot example",
        "kim @ mail.example",
        "kim (ät) mail punkt example",
        "ＫＩＭ＠mail.example",
        "kim -at- mail (dot) example",
    ],
)
def test_addresses_as_people_hide_them(written: str) -> None:
    assert only(f"My email is {written}").value == MAIL


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("+49 (0) 171 / 234 56 78", "+491712345678"),
        ("0049 171 2345678", "+491712345678"),
        ("0171 2345678", "+491712345678"),
        ("0171-234 56 78", "+491712345678"),
    ],
)
def test_phones_in_every_notation(written: str, value: str) -> None:
    claims = claims_in(privately(f"My number is {written}"), SETTINGS)
    assert (claims[0].kind, claims[0].value, claims[0].direction) == (ClueKind.PHONE, value, OWN)


@pytest.mark.parametrize("written", ["ORD-12345", "ord 12345", "ORD12345", "Ord-12345"])
def test_numbers_with_and_without_dashes(written: str) -> None:
    claim = only(f"My order number is {written}")
    assert (claim.kind, claim.value, claim.direction) == (ClueKind.CUSTOMER_NUMBER, "ORD12345", OWN)


@pytest.mark.parametrize(
    "text", ["Due on 14.11.2026 between 8 and 12", "3 attempts, 0 luck", "v 10.2.33", "look at it."]
)
def test_what_is_no_identifier(text: str) -> None:
    assert claims_in(privately(text), SETTINGS) == ()


def test_an_answer_to_our_question_may_have_any_shape() -> None:
    said = (Said(text="it is 99-1234-AB", visibility=Visibility.PRIVATE, is_answer=True),)
    told = {(claim.kind, claim.value, claim.direction) for claim in claims_in(said, MatchSettings())}
    assert (ClueKind.CUSTOMER_NUMBER, "991234AB", OWN) in told
    assert claims_in(privately("it is 99-1234-AB"), MatchSettings()) == ()


def test_public_and_private_are_told_apart() -> None:
    claims = claims_in((*publicly(MAIL), *privately(MAIL)), SETTINGS)
    assert [claim.visibility for claim in claims] == [Visibility.PUBLIC, Visibility.PRIVATE]


def test_shapes_of_numbers_are_learned() -> None:
    patterns = patterns_of(["ORD-1699-50456", "ORD-1700-00001", "KD12345678", "251-5797470-9303762"])
    settings = MatchSettings(number_patterns=patterns)

    def values(text: str) -> list[str]:
        return [item.value for item in find(text, settings)[1] if item.kind is ClueKind.CUSTOMER_NUMBER]

    assert values("ord 1699 50456") == ["ORD169950456"]
    assert values("order 1699-50456") == ["169950456"]
    assert values("my kd-12345678!") == ["KD12345678"]
    assert values("251 5797470 9303762") == ["25157974709303762"]
    assert values("since 12345678 days") == []
    mixed = patterns_of(
        [f"{letter}{number}Q{number}{letter}7" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for number in range(9)]
    )
    assert any(find("order z9q9z7", MatchSettings(number_patterns=(pattern,)))[1] for pattern in mixed)
    assert patterns_of(["1", "22", "-"]) == ()


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(ConfigurationError, match="regular expression"):
        claims_in(privately("x"), MatchSettings(number_patterns=("(",)))


@given(st.text(max_size=200), st.sampled_from(["", "DE", "US", "GB"]))
def test_any_text_can_be_read(text: str, region: str) -> None:
    for claim in claims_in(privately(text), MatchSettings(region=region, number_patterns=SETTINGS.number_patterns)):
        assert claim.value


@given(
    st.sampled_from(["a.", "a@", "1 ", "0-", " at ", " dot ", "(at)", "my ", "'s "]),
    st.sampled_from(["", "b", "@", "1"]),
)
def test_no_text_takes_long(piece: str, end: str) -> None:
    claims_in(privately(piece * 1200 + end), SETTINGS)
