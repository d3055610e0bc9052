"""Links, mentions and hashtags with their offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.text.facets import EntityKind, find_entities, find_links, find_mentions


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("no link", []),
        ("https://acme.com", ["https://acme.com"]),
        ("See https://acme.com/a.", ["https://acme.com/a"]),
        ("See https://acme.com/a!?", ["https://acme.com/a"]),
        ("(https://acme.com/a)", ["https://acme.com/a"]),
        ("(see https://acme.com/a_(b))", ["https://acme.com/a_(b)"]),
        ("https://acme.com/a_(b), ok", ["https://acme.com/a_(b)"]),
        ("[help](https://acme.com/x)", ["https://acme.com/x"]),
        ("<https://acme.com/x>", ["https://acme.com/x"]),
        ('"https://acme.com/x"', ["https://acme.com/x"]),
        ("„https://acme.com/x“", ["https://acme.com/x"]),
        ("**https://acme.com/x**", ["https://acme.com/x"]),
        ("https://acme.com/x…", ["https://acme.com/x"]),
        ("https://acme.com/?q=a&b=c#d", ["https://acme.com/?q=a&b=c#d"]),
        ("https://acme.com:8443/x?y=[1]", ["https://acme.com:8443/x?y=[1]"]),
        ("HTTPS://ACME.COM/X", ["HTTPS://ACME.COM/X"]),
        ("http://localhost:8000/x http://10.0.0.1/", ["http://localhost:8000/x", "http://10.0.0.1/"]),
        ("https://münchen.de/straße", ["https://münchen.de/straße"]),
        ("https://ja.wikipedia.org/wiki/日本", ["https://ja.wikipedia.org/wiki/日本"]),
        ("详情见https://acme.com/help谢谢", ["https://acme.com/help"]),
        ("https://acme.com/help에서 보세요", ["https://acme.com/help"]),
        ("https://acme.com/help。次", ["https://acme.com/help"]),
        ("a https://a.de/1 b https://b.de/2", ["https://a.de/1", "https://b.de/2"]),
        ("שלום https://acme.com/x שלום", ["https://acme.com/x"]),
        ("http:// https://) https://.", []),
        ("xhttps://acme.com", []),
        ("@https://acme.com", []),
    ],
)
def test_links_with_a_scheme(text, links):
    assert [link.text for link in find_links(text)] == links
    assert [link.value for link in find_links(text)] == links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("acme.com", ["acme.com"]),
        ("Visit acme.com/help?x=1, please", ["acme.com/help?x=1"]),
        ("www.acme.de.", ["www.acme.de"]),
        ("acme.com:8080/x", ["acme.com:8080/x"]),
        ("(acme.co.uk)", ["acme.co.uk"]),
        ("ACME.COM", ["ACME.COM"]),
        ("münchen.de", ["münchen.de"]),
        ("これはexample.comです", ["example.com"]),
        ("info@acme.com", []),
        ("kim@acme.com/x", []),
        ("@acme.com", []),
        ("Das kommt.Ist es da?", []),
        ("z.B. u.a. i.d.R. 1.5 12.30 v1.2.3 a.b.c", []),
        ("end.Next one", []),
        ("readme.md archive.zip", []),
        ("archive.zip/x www.acme.zip", ["archive.zip/x", "www.acme.zip"]),
        ("acme.notatld", []),
        ("-acme.com", []),
        ("acme.com@evil", []),
    ],
)
def test_bare_domains(text, links):
    assert [link.text for link in find_links(text)] == links
    assert [link.value for link in find_links(text)] == [f"https://{link}" for link in links]


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@kim", ["kim"]),
        ("Hi @kim.bsky.social: hello", ["kim.bsky.social"]),
        ("@kim@mastodon.social, hi", ["kim@mastodon.social"]),
        (".@acme and (@kim_w)", ["acme", "kim_w"]),
        ("の@usernameに", ["username"]),
        ("＠kim", ["kim"]),
        ("@a-b", ["a-b"]),
        ("kim@example.com", []),
        ("f@@kn f#@kn f&@kn @ @. @-", []),
        ("https://mastodon.social/@kim", []),
    ],
)
def test_mentions(text, handles):
    assert [mention.value for mention in find_mentions(text)] == handles


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#danke", ["danke"]),
        ("so #schön! #trägt_2", ["schön", "trägt_2"]),
        ("#日本語 です", ["日本語"]),
        ("#1st", ["1st"]),
        ("order #4711", []),
        ("a#b &#39; ##x # ", []),
        ("https://acme.com/#top", []),
    ],
)
def test_hashtags(text, tags):
    found = [entity.value for entity in find_entities(text) if entity.kind is EntityKind.HASHTAG]
    assert found == tags


def test_offsets_count_bytes_and_code_points():
    text = "👨‍👩‍👧‍👦 @acme.com: https://ä.de/ü 日本 #ok"
    data = text.encode()
    entities = find_entities(text)
    assert [entity.kind for entity in entities] == [EntityKind.MENTION, EntityKind.LINK, EntityKind.HASHTAG]
    assert [data[entity.byte_start : entity.byte_end].decode() for entity in entities] == [
        "@acme.com",
        "https://ä.de/ü",
        "#ok",
    ]
    assert (entities[0].start, entities[0].byte_start) == (8, 26)


ALPHABET = "ab.:/ @#-_()[]\n本語é😀👍🏽\u0301"
PARTS = st.sampled_from(["https://", "acme.com", "@kim", "#tag", "www.", " ", "😀", "日本", ".", ")", "(", "/x", "é"])


@given(st.one_of(st.text(alphabet=ALPHABET), st.lists(PARTS).map("".join), st.text()))
def test_offsets_always_point_at_the_text(text):
    data = text.encode("utf-8", "surrogatepass")
    last = 0
    for entity in find_entities(text):
        assert last <= entity.start < entity.end
        assert text[entity.start : entity.end] == entity.text
        assert data[entity.byte_start : entity.byte_end] == entity.text.encode("utf-8", "surrogatepass")
        assert not any(character.isspace() for character in entity.text)
        assert entity.value
        last = entity.end
