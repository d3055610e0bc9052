"""HTML from helpdesks' editors as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.clean import html_to_text, post_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>Hello</p><p>World</p>", "Hello\n\nWorld"),
        ("<p>Hello\n   World</p>", "Hello World"),
        ("Hello<br>World<br/><br />!", "Hello\nWorld\n\n!"),
        ("<div>Hello</div><div>World</div>", "Hello\nWorld"),
        ("<div>Hello</div><div><br></div><div>World</div>", "Hello\n\nWorld"),
        ("<p>Hello<br></p><p>&nbsp;</p><p>World</p>", "Hello\n\nWorld"),
        ("<h2>Title</h2>Text<hr>More", "Title\n\nText\n\nMore"),
        ("a <b>bold</b> and <i>it</i>alic", "a bold and italic"),
        ("<span>a</span> <span>b</span>", "a b"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<pre>a\n  b</pre>", "a\n  b"),
    ],
)
def test_blocks_become_lines_and_paragraphs(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("5 &lt; 6 &amp; 7&nbsp;&euro;", "5 < 6 & 7 €"),
        ("&#8364; &#x20AC; &#128512;", "€ € 😀"),
        ("&unknown; &amp;lt; AT&T", "&unknown; &lt; AT&T"),
        ("&#99999999999; &#0; &#xD800;", "\ufffd \ufffd \ufffd"),
        ("&#" + "9" * 6000 + ";", "\ufffd"),
        ("5 < 6 and a<3", "5 < 6 and a<3"),
        ("I <3 you", "I <3 you"),
        ("a <- b -> c", "a <- b -> c"),
        ("x < y", "x < y"),
        ("half a tag <p", "half a tag <p"),
        ("zero\u200bwidth\ufeff soft\u00adhyphen no\u00a0break", "zerowidth softhyphen no break"),
        ("👨‍👩‍👧‍👦 می\u200cخواهم", "👨‍👩‍👧‍👦 می\u200cخواهم"),
    ],
)
def test_characters_come_out_as_meant(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<p>x</p><ul>\n<li><p>one</p>\n</li>\n<li>two</li>\n</ul>\n<p>y</p>", "x\n\n- one\n- two\n\ny"),
        ("<ol><li>one<li>two</ol>", "1. one\n2. two"),
        ("<ul><li>one<ul><li>deep</li></ul></li><li>two</li></ul>", "- one\n  - deep\n- two"),
        ("<ul><li>one<br>line</li></ul>", "- one\nline"),
        ("<ul><li></li><li>two</li></ul>end", "- two\n\nend"),
        ("<li>stray</li>", "- stray"),
        ("x" + "<ul><li>" * 9 + "deep", "x\n\n        - deep"),
    ],
)
def test_lists(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://acme.com/x">here</a>', "here (https://acme.com/x)"),
        ('<a href="https://acme.com/x">https://acme.com/x</a>', "https://acme.com/x"),
        ('<a href="https://www.acme.com/">acme.com</a>', "acme.com"),
        ('<a href="http://acme.com/x/">acme.com/x</a>', "acme.com/x"),
        ('<a href="https://acme.com/?a=1&amp;b=2">here</a>!', "here (https://acme.com/?a=1&b=2)!"),
        ('<a href="mailto:help@acme.com">help@acme.com</a>', "help@acme.com"),
        ('<a href="mailto:help@acme.com">mail us</a>', "mail us (help@acme.com)"),
        ('<a href="tel:+49301234567">030 1234567</a>', "030 1234567 (+49301234567)"),
        ('<a href="tel:+49301234567">+49 30 1234567</a>', "+49 30 1234567"),
        (
            '<a href="#top">up</a> <a href="javascript:x()">js</a> <a href="/users/1">@Anna</a> <a>none</a>',
            "up js @Anna none",
        ),
        ('<a href="https://acme.com"><img src="x.png"></a>', ""),
        ('<a href="https://acme.com/x"><b>very</b> bold</a>.', "very bold (https://acme.com/x)."),
        ("<a href='https://acme.com/x' >single</a>", "single (https://acme.com/x)"),
        ("<a href=https://acme.com/x>bare</a>", "bare (https://acme.com/x)"),
    ],
)
def test_links(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<table><tr><td>Order</td><td>4711</td></tr><tr><td>Price</td><td>3 €</td></tr></table>",
            "Order | 4711\nPrice | 3 €",
        ),
        ("<table><tr><th>a</th><td></td><td> </td><td>b</td></tr></table>", "a | b"),
        ("<table><tr><td><div>Hello</div><div>World</div></td></tr></table>", "Hello\nWorld"),
        ("x<table><tr><td>a</td></tr></table>y", "x\n\na\n\ny"),
    ],
)
def test_tables(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "a<script>var x = '<p>evil</p>';</script>b",
        "a<style>p { color: red }</style>b",
        "a<SCRIPT src=x>1</script >b",
        "a<!-- <p>comment</p> -->b",
        "a<!DOCTYPE html><?xml version='1.0'?><![if !mso]>b",
        "a<title>t</title><template>x</template><svg><text>s</text></svg>b",
        'a<span style="display: none">preheader</span>b',
        "a<span hidden>x</span>b",
        'a<img src="x.png" alt="Logo">b',
        'a<img alt=":smile:" class="emoji">b',
        "a<custom-tag x='>'>b</custom-tag>",
        "a</b></i></nothing>b",
    ],
)
def test_what_nobody_reads_is_dropped(html):
    assert html_to_text(html) == "ab"


@pytest.mark.parametrize("emoji", ["😀", "👍🏽", "👨‍👩‍👧‍👦", "❤️", "‼️"])
def test_an_emoji_drawn_as_a_picture_stays(emoji):
    assert html_to_text(f'<p>Hi <img class="emoji" src="x.png" alt="{emoji}">!</p>') == f"Hi {emoji}!"


@pytest.mark.parametrize(
    "html",
    [
        "<p>answer</p><blockquote>their words</blockquote>",
        '<p>answer</p><blockquote type="cite"><p>their</p><blockquote>older</blockquote></blockquote>',
        '<p>answer</p><div class="gmail_quote"><div class="gmail_attr">On Monday Kim wrote:</div><blockquote>x</blockquote></div>',
        '<p>answer</p><div class="yahoo_quoted">x</div>',
        '<p>answer</p><div class="moz-cite-prefix">Am 22.11.26 um 08:15 schrieb Kim:</div><blockquote>x</blockquote>',
        '<p>answer</p><div class="freshdesk_quote"><blockquote class="freshdesk_quote">x</blockquote></div>',
        '<p>answer</p><div data-o-mail-quote="1">x</div>',
        '<p>answer</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Kim</div><p>x</p>',
        '<p>answer</p><div id="mail-editor-reference-message-container">x</div>',
        '<p>answer</p><div class="gmail_signature">Anna<br>Acme</div>',
        '<p>answer</p><div id="Signature"><p>Anna</p></div>',
        '<p>answer</p><div class="moz-signature">-- <br>Anna</div>',
        '<p>answer</p><div data-signature="true" data-signature-id="1">Anna</div>',
        '<p>answer</p><div class="o_signature">Anna</div>',
    ],
)
def test_quotation_and_signature_containers_are_dropped(html):
    assert html_to_text(html) == "answer"


def test_words_between_quotations_stay():
    html = "<blockquote>one?</blockquote><p>Yes.</p><blockquote>two?</blockquote><p>No.</p>"
    assert html_to_text(html) == "Yes.\n\nNo."


@given(st.text(alphabet="<>/!-\"'= &;#ab\n\u00a0😀"))
def test_nothing_breaks_it(html):
    text = html_to_text(html)
    assert "\u00a0" not in text
    assert text == text.strip()


@given(
    st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1).filter(
        lambda text: not text.startswith(">")
    )
)
def test_escaped_words_come_out_as_they_went_in(word):
    escaped = word.replace("&", "&amp;").replace("<", "&lt;")
    invisible = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
    assert html_to_text(f"<p>{escaped}</p>") == word.translate(invisible)


@given(st.recursive(
    st.sampled_from(["word", "a & b", "x < y"]),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{' '.join(parts)}</{name}>",
        st.sampled_from(["p", "div", "b", "ul", "li", "td", "tr", "table", "span", "h1", "pre"]),
        st.lists(inner, max_size=3),
    ),
))  # fmt: skip
def test_every_word_is_kept_and_no_tag_is(html):
    text = html_to_text(html)
    assert text.count("word") == html.count("word")
    assert "</" not in text


def test_what_a_post_quotes_is_kept():
    html = "<p>You wrote:</p><blockquote><p>two days</p></blockquote><p>It&nbsp;took<br>nine.</p>"
    assert "two days" not in html_to_text(html)
    lines = [line for line in post_to_text(html).splitlines() if line.strip("> ")]
    assert lines == ["You wrote:", "> two days", "It took", "nine."]
