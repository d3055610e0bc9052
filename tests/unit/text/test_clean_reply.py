"""Replies in the shapes that helpdesks really deliver."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.clean import CleanReply, Stripped, clean_reply

ZENDESK = (
    '<div class="zd-comment" dir="auto"><p dir="auto">Hi Kim,</p><p dir="auto">&nbsp;</p>'
    '<p dir="auto">it is <strong>on its way</strong>: <a href="https://acme.com/t/1" rel="noopener noreferrer">'
    'https://acme.com/t/1</a> <img alt="😀" class="emoji" src="https://static.example/1f600.png"></p>'
    '<p dir="auto">Best<br>Anna</p></div>'
)
ZENDESK_WITH_PICTURE = (
    '<div class="zd-comment zd-comment-pre-styled" dir="auto"><p>See:</p>'
    '<figure><img src="https://acme.zendesk.com/attachments/token/abc/?name=label.png" alt="label.png"></figure></div>'
)
RT_EDITOR = (
    "<p>It left today &#10003;</p>\n\n<p>&nbsp;</p>\n\n"
    '<div class="gmail_quote">On Mon Nov 22 08:15:02 2026, social-bridge wrote:<br />\n'
    '<blockquote class="gmail_quote" type="cite"><pre style="white-space: pre-wrap">@brand Where is my parcel?\n'
    "It was due on Monday</pre></blockquote></div>\n\n<p><br />\n&nbsp;</p>\n"
)
RT_INTERLEAVED = (
    '<div class="gmail_quote">On Mon Nov 22 08:15:02 2026, social-bridge wrote:<br />'
    '<blockquote class="gmail_quote" type="cite">Where is it?</blockquote><p>It left today.</p>'
    '<blockquote class="gmail_quote" type="cite">And my refund?</blockquote><p>Tomorrow.</p></div>'
)
RT_TEXT = (
    "It left today ✓\r\n\r\nOn Mon Nov 22 08:15:02 2026, social-bridge wrote:\r\n> @brand Where is my parcel?\r\n"
    "> It was due on Monday\r\n\r\n-- \r\nAnna Agent\r\nAcme Support\r\n\r\n\r\n"
)
GMAIL = (
    '<div dir="ltr">Yes!<div><br></div><div>Anna</div></div><br><div class="gmail_quote gmail_quote_container">'
    '<div dir="ltr" class="gmail_attr">On Mon, Nov 22, 2026 at 8:15 AM Kim &lt;<a href="mailto:kim@example.com">kim@example.com</a>&gt;'
    ' wrote:<br></div><blockquote class="gmail_quote" style="margin:0">one</blockquote></div>'
    '<span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">Anna</div>'
)
OUTLOOK = (
    '<div class="WordSection1"><p class="MsoNormal">Danke!<o:p></o:p></p>'
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Von:</b> Kim '
    "&lt;kim@example.com&gt; <br><b>Gesendet:</b> Montag, 22. November 2026 08:15<br><b>An:</b> Acme<br><b>Betreff:</b> Paket</p></div>"
    '<p class="MsoNormal">Wo ist es?</p></div>'
)
OUTLOOK_WEB = (
    '<div class="elementToProof">Danke!</div><div id="Signature"><p>Anna</p></div><div id="appendonsend"></div>'
    '<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Kim<br></div><div>Where?</div>'
)
ZAMMAD = (
    '<div>Hallo Kim,</div><div><br></div><div>morgen.</div><div data-signature="true" data-signature-id="1">Anna<br>--<br>Acme</div>'
    '<div><br></div><blockquote type="cite">Wo ist es?</blockquote>'
)
FRESHDESK = (
    '<div style="font-family:Arial">Hi Kim,<div>tomorrow.</div></div><div class="freshdesk_quote"><blockquote class="freshdesk_quote">'
    "On Mon, 22 Nov at 8:15 AM , Kim &lt;kim@example.com&gt; wrote:<div>Where?</div></blockquote></div>"
)
ODOO = '<p>Tomorrow.</p><div data-o-mail-quote="1">--<br>old</div><div class="o_signature">Mitchell</div>'
QUOTATION, SIGNATURE, DEVICE, IMAGES = Stripped.QUOTATION, Stripped.SIGNATURE, Stripped.DEVICE_LINE, Stripped.IMAGES


@pytest.mark.parametrize(
    ("html", "text", "stripped"),
    [
        pytest.param(ZENDESK, "Hi Kim,\n\nit is on its way: https://acme.com/t/1 😀\n\nBest\nAnna", (), id="zendesk"),
        pytest.param(ZENDESK_WITH_PICTURE, "See:", (IMAGES,), id="zendesk with a picture"),
        pytest.param(RT_EDITOR, "It left today ✓", (QUOTATION,), id="rt editor"),
        pytest.param(RT_INTERLEAVED, "It left today.\n\nTomorrow.", (QUOTATION,), id="rt answers between"),
        pytest.param("<p>Hello</p>\n\n<p>-- <br />\nAnna<br />\nAcme</p>", "Hello", (SIGNATURE,), id="rt signature"),
        pytest.param("<p>It is <b>on its way</b> &amp; insured</p>", "It is on its way & insured", (), id="rt api"),
        pytest.param(GMAIL, "Yes!\n\nAnna", (QUOTATION, SIGNATURE), id="gmail"),
        pytest.param(OUTLOOK, "Danke!", (QUOTATION,), id="outlook"),
        pytest.param(OUTLOOK_WEB, "Danke!", (QUOTATION, SIGNATURE), id="outlook on the web"),
        pytest.param(ZAMMAD, "Hallo Kim,\n\nmorgen.", (QUOTATION, SIGNATURE), id="zammad"),
        pytest.param(FRESHDESK, "Hi Kim,\ntomorrow.", (QUOTATION,), id="freshdesk"),
        pytest.param(ODOO, "Tomorrow.", (QUOTATION, SIGNATURE), id="odoo"),
        pytest.param("<blockquote>only theirs</blockquote>", "", (QUOTATION,), id="nothing of the agent's"),
        pytest.param('<img src="a.png">', "", (IMAGES,), id="only a picture"),
        pytest.param('<p>x</p><img width="1" src="https://t.example/p.gif">', "x", (), id="tracking pixel"),
    ],
)
def test_html_replies(html, text, stripped):
    assert clean_reply(html=html, text="the plain form is not needed") == CleanReply(text=text, stripped=stripped)


@pytest.mark.parametrize(
    ("text", "clean", "stripped"),
    [
        pytest.param(RT_TEXT, "It left today ✓", (QUOTATION, SIGNATURE), id="rt text"),
        pytest.param("  Hello  \r\n\r\n\r\n\r\nKim\t\n\n", "Hello\n\nKim", (), id="blanks"),
        pytest.param("a\u00a0b\u200b\ufeff \u202f1", "a b  1", (), id="odd blanks"),
        pytest.param("- one\n  - two", "- one\n  - two", (), id="indented list"),
        pytest.param("Done\n\nSent from my iPhone", "Done", (DEVICE,), id="device"),
        pytest.param("Done\n> x\n-- \nAnna\nSent from my iPhone", "Done", (QUOTATION, SIGNATURE, DEVICE), id="all"),
        pytest.param("5 < 6 &amp; 7", "5 < 6 &amp; 7", (), id="text is not html"),
        pytest.param("", "", (), id="empty"),
        pytest.param("👨‍👩‍👧‍👦 e\u0301 שלום می\u200cخواهم", "👨‍👩‍👧‍👦 e\u0301 שלום می\u200cخواهم", (), id="scripts"),
    ],
)
def test_text_replies(text, clean, stripped):
    assert clean_reply(text=text) == CleanReply(text=clean, stripped=stripped)


@pytest.mark.parametrize("html", [None, "", "  ", "<p></p>", "<p>&nbsp;</p>", "<div><br></div>"])
def test_text_is_used_where_html_says_nothing(html):
    assert clean_reply(html=html, text="words").text == "words"


def test_text_is_not_used_where_html_is_only_a_quotation():
    assert clean_reply(html="<blockquote>theirs</blockquote>", text="theirs").text == ""


def test_nothing_at_all_is_an_empty_reply():
    assert clean_reply() == CleanReply(text="", stripped=())


def test_the_companys_signature_lines_are_taken_off():
    reply = clean_reply(html="<p>Tomorrow.</p><p>Your Acme Team<br>Phone 123</p>", signature_lines=("your acme team",))
    assert reply == CleanReply(text="Tomorrow.", stripped=(SIGNATURE,))


def test_a_reply_that_merely_mentions_a_quotation_loses_nothing():
    text = "Hello Kim,\n\nOn Monday I wrote:\n\nYour refund is on its way.\n\nIt has arrived by now."
    assert clean_reply(text=text) == CleanReply(text=text, stripped=())


LINES = st.sampled_from(
    [
        "Hello Kim",
        "On Monday I wrote:",
        "> theirs",
        "",
        " ",
        "-- ",
        "Anna",
        "Sent from my iPhone",
        "a\u00a0b",
        "x\r",
        "> 30 kg",
    ]
)


@given(st.one_of(st.lists(LINES, max_size=12).map("\n".join), st.text()))
def test_a_clean_reply_is_tidy(text):
    reply = clean_reply(text=text)
    assert reply.text == reply.text.strip()
    assert "\n\n\n" not in reply.text
    assert not any(line.endswith((" ", "\t")) for line in reply.text.split("\n"))
    assert "\r" not in reply.text
    assert set(reply.stripped) <= set(Stripped)
    reply.text.encode("utf-8")


@given(
    st.text(
        alphabet=st.characters(categories=("L", "N", "Po", "Zs")).filter(lambda character: character not in ":>\u200b")
    )
)
def test_words_without_marks_are_never_lost(text):
    assert clean_reply(text=text).text.split() == text.split()
