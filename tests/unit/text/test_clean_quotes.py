"""Quotations and signatures in plain text: what goes, and, more important, what stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.clean import strip_quotes, strip_signature


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon Nov 22 08:15:02 2026, social-bridge wrote:",
        "On Mon, Nov 22, 2026 at 8:15 AM Kim Wilson <kim@example.com> wrote:",
        "On Mon, Nov 22, 2026 at 8:15 AM Kim Wilson\n<kim@example.com> wrote:",
        "On Mon, Nov 22, 2026 at 8:15 AM\nKim Wilson from the Very Long Company Name\n<kim@example.com> wrote:",
        "On 22/11/2026, at 08:15, Kim wrote:",
        "On Monday you wrote:",
        "Am 22.11.2026 um 08:15 schrieb Kim Wilson:",
        "Am Mo., 22. Nov. 2026 um 08:15 Uhr schrieb Kim <kim@example.com>:",
        "Am Mon Nov 22 08:15:02 2026, schrieb social-bridge:",
        "Le lun. 22 nov. 2026 à 08:15, Kim <kim@example.com> a écrit :",
        "Le 22/11/2026 à 08:15, Kim a écrit\u00a0:",
        "El lun, 22 nov 2026 a las 8:15, Kim (<kim@example.com>) escribió:",
        "Il giorno lun 22 nov 2026 alle ore 08:15 Kim <kim@example.com> ha scritto:",
        "Em seg., 22 de nov. de 2026 às 08:15, Kim <kim@example.com> escreveu:",
        "Op ma 22 nov. 2026 om 08:15 schreef Kim <kim@example.com>:",
        "Den mån 22 nov. 2026 kl 08:15 skrev Kim <kim@example.com>:",
        "W dniu 22.11.2026 o 08:15, Kim pisze:",
        "Kim Wilson <kim@example.com> wrote:",
        "Kim Wilson schrieb am 22.11.2026 um 08:15:",
    ],
)
def test_a_quotation_goes_with_the_line_that_introduces_it(introduction):
    assert strip_quotes(f"It left today.\n\n{introduction}\n> Where is it?\n> >> older\n>\n> Kim\n") == "It left today."
    assert strip_quotes(f"{introduction}\n\n> Where is it?\n\nIt left today.") == "It left today."


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("On it goes.\nHello\nKim <kim@example.com> wrote:\n> Where?", "On it goes.\nHello"),
        ("On Monday I wrote:\nHello\nwrote:\n> Where?", "On Monday I wrote:\nHello\nwrote:"),
        ("Am besten so:\nAm 22.11.2026 um 08:15 schrieb Kim:\n> Wo?", "Am besten so:"),
    ],
)
def test_words_right_above_an_introduction_stay(text, kept):
    assert strip_quotes(text) == kept


def test_answers_between_quotations_stay():
    text = (
        "On Mon Nov 22 08:15:02 2026, social-bridge wrote:\n> Where is my parcel?\n\nIt left today.\n\n"
        "> And my refund?\n\nTomorrow.\n> Thanks\nYou are welcome."
    )
    assert strip_quotes(text).split() == ["It", "left", "today.", "Tomorrow.", "You", "are", "welcome."]


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\n\nOn Monday I wrote:\n\nYour refund comes.",
        "On Monday I wrote: your refund comes.",
        "On 22.11.2026 at 08:15 our driver wrote:\nNobody was home.",
        "Am Montag schrieb ich Ihnen:\nDas Paket kommt.",
        "Le client a écrit :\nmerci",
        "Please write to us on this page. On it you find a form.",
        "From: Berlin\nTo the customs office it took a day.",
        "Von: Hamburg nach Köln",
        "From: 9 to 5 we are open\nThen call us.",
        "To: be or not to be",
        "a > b and b > c",
        "Prices:\n> 30 kg: 12 €\n> 60 kg: 20 €",
        "> 50 EUR ships for free",
        "> 30°C is too hot for it",
        ">:-( sorry about that",
        ">.< oh no",
        "Original Message",
        "-----\nAnna",
        "Read below:\n\n1. one\n2. two",
        "",
    ],
)
def test_the_agents_own_words_stay(text):
    assert strip_quotes(text) == text.strip("\n")


@pytest.mark.parametrize(
    "original",
    [
        "-----Original Message-----\nFrom: Kim\n\nWhere is it?",
        "----- Original Message -----\nWhere is it?",
        "-----Ursprüngliche Nachricht-----\nVon: Kim",
        "-------- Weitergeleitete Nachricht --------\nx",
        "-----Message d'origine-----\nDe : Kim",
        "---------- Forwarded message ---------\nFrom: Kim",
        "From: Kim <kim@example.com>\nSent: Monday, November 22, 2026 8:15 AM\nTo: Acme\nSubject: Parcel\n\nWhere?",
        "*From:* Kim <kim@example.com>\n*Sent:* Monday\n*To:* Acme\n\nWhere?",
        "Von: Kim <kim@example.com>\nGesendet: Montag, 22. November 2026 08:15\nAn: Acme\nBetreff: Paket\n\nWo?",
        "De : Kim <kim@example.com>\nEnvoyé : lundi\nÀ : Acme\nObjet : Colis\n\nOù ?",
        "De: Kim <kim@example.com>\nEnviado: lunes\nPara: Acme\nAsunto: Paquete\n\n¿Dónde?",
        "________________________________\nFrom: Kim <kim@example.com>\nSent: Monday\nTo: Acme\n\nWhere?",
        "##- Please type your reply above this line -##\n\nWhere?",
        "On Mon, 22 Nov at 8:15 AM , Kim <kim@example.com> wrote:\nWhere is it?\nKim",
        "On Mon, Nov 22, 2026 at 8:15 AM Kim\n<kim@example.com> wrote:\n\nWhere is it?",
    ],
)
def test_the_original_below_an_answer_goes(original):
    assert strip_quotes(f"It left today.\n\n{original}") == "It left today."


def test_an_unmarked_original_above_an_answer_stays_since_it_may_be_the_answer():
    text = "On Mon, 22 Nov at 8:15 AM , Kim <kim@example.com> wrote:\nWhere is it?\n\nIt left today."
    assert strip_quotes(text) == text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("It left today.\n-- \nAnna Acme\nAcme Ltd\n+49 30 123", "It left today."),
        ("It left today.\n--\nAnna", "It left today."),
        ("It left today.\n\n__\nAnna", "It left today."),
        ("It left today.\n-- ", "It left today."),
        ("-- \nAnna", ""),
        ("It left today.\nSent from my iPhone", "It left today."),
        ("It left today.\n\nSent from my Samsung Galaxy smartphone.", "It left today."),
        ("It left today.\nSent from Outlook for Android", "It left today."),
        ("It left today.\nSent from Yahoo Mail on Android", "It left today."),
        ("It left today.\nGet Outlook for iOS", "It left today."),
        ("Heute.\nGesendet von meinem iPad", "Heute."),
        ("Heute.\nVon meinem iPhone gesendet", "Heute."),
        ("Heute.\nDiese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.", None),
        ("Heute.\nDiese Nachricht wurde von meinem Android Mobiltelefon gesendet.", "Heute."),
        ("Oui.\nEnvoyé de mon iPhone", "Oui."),
        ("Oui.\nEnvoyé depuis mon téléphone", "Oui."),
        ("Sí.\nEnviado desde mi iPhone", "Sí."),
        ("Sì.\nInviato da iPhone", "Sì."),
        ("It left today.\n-- \nAnna\n\nSent from my iPhone", "It left today."),
        ("It left today.\nSent from my iPhone\n-- \nAnna", "It left today."),
        ("Best regards\nAnna", None),
        ("^AB", None),
        ("- one\n- two", None),
        ("a -- b", None),
        ("Sent via DHL, your phone arrives tomorrow", None),
        ("Sent via mail to your address", None),
        ("Sent from my warehouse today", None),
        ("Sent from my iPhone? No, from the office.", None),
        ("Get your phone here", None),
        ("Sent from my iPhone\nis what it says there.", None),
        ("Our rules:\n--\n" + "\n".join(f"{number}. a rule" for number in range(12)), None),
        ("Above.\n-- \n" + "A long sentence that is nobody's signature. " * 5, None),
        ("", None),
    ],
)
def test_signatures(text, result):
    assert strip_signature(text) == (text if result is None else result)


def test_a_companys_own_signature_lines():
    lines = ("Your Acme Team", "  ", "Dein acme-team")
    assert strip_signature("It left.\n\nyour acme team\nPhone 123", lines) == "It left."
    assert strip_signature("It left.\nDein Acme-Team in Berlin", lines) == "It left."
    assert strip_signature("It left. Your Acme Team", lines) == "It left. Your Acme Team"


WORDS = st.sampled_from(
    [
        "Hello",
        "On Monday I wrote:",
        "a > b",
        "From: here",
        "--",
        "",
        "  ",
        "-- ",
        "Sent from my iPhone",
        "1. one",
        "wrote:",
    ]
)
QUOTED = st.sampled_from(["> Where is it?", ">> older", ">"])


@given(st.lists(WORDS.filter(lambda line: not line.startswith((">", "On", "wrote"))), max_size=12))
def test_without_quotations_nothing_changes(lines):
    text = "\n".join(lines)
    assert strip_quotes(text) == text.strip("\n")


@given(st.lists(st.one_of(WORDS, QUOTED), max_size=14))
def test_stripping_quotes_only_leaves_out_lines(lines):
    rest = strip_quotes("\n".join(lines)).split("\n")
    remaining = iter(lines)
    assert rest == [""] or all(any(line == other for other in remaining) for line in rest)
    assert not any(line.startswith(">") for line in rest)
    kept = [line for line in lines if not line.startswith(">") and not line.endswith(":")]
    assert [line for line in rest if line.strip() and not line.endswith(":")] == [line for line in kept if line.strip()]


@given(st.lists(st.one_of(WORDS, QUOTED), max_size=14).map("\n".join))
def test_signatures_are_only_at_the_end(text):
    assert text.startswith(strip_signature(text).rstrip())
