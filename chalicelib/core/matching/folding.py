"""Words of names in ASCII: how people, keyboards and other alphabets spell the same name."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from chalicelib.core.matching.normalise import plain

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe"})
_GREEK = re.compile("ου|ού|αυ|αύ|ευ|εύ|μπ|ντ|γγ|γκ")
_GREEK_SOUNDS = dict(
    zip(_GREEK.pattern.split("|"), ("ou", "ou", "av", "av", "ev", "ev", "b", "nt", "ng", "gk"), strict=True)
)
_KANA_GLIDES = re.compile("([きしちにひみりぎじびぴキシチニヒミリギジビピ])([ゃゅょャュョ])")
_GLIDES = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo", "ャ": "ya", "ュ": "yu", "ョ": "yo"}
_HEADS = dict(
    zip(
        "きしちにひみりぎじびぴキシチニヒミリギジビピ",
        ("k", "sh", "ch", "n", "h", "m", "r", "g", "j", "b", "p") * 2,
        strict=True,
    )
)
_SQUARED = {chr(0x1F170 + index): chr(0x61 + index) for index in range(26)} | {
    chr(0x1F150 + index): chr(0x61 + index) for index in range(26)
}
_MATHEMATICAL = {
    chr(code): chr((0x41 if (code - 0x1D400) % 52 < 26 else 0x61) + (code - 0x1D400) % 26)
    for code in range(0x1D400, 0x1D6A4)
    if unicodedata.category(chr(code)) == "Cn"
}
"""Letters left out of the mathematical alphabets because they stand elsewhere: who computes a letter writes them."""
_NOT_WORD = re.compile("[^a-z0-9]+")
_SOUNDS = (
    (re.compile("tzsch|tsch|tch"), "ch"),
    (re.compile("sch"), "sh"),
    (re.compile("ch"), "h"),
    (re.compile("ph"), "f"),
    (re.compile("kh|ck|c|q"), "k"),
    (re.compile("th"), "t"),
    (re.compile("x"), "ks"),
    (re.compile("tz|ts"), "z"),
    (re.compile("w"), "v"),
    (re.compile("[yj]"), "i"),
    (re.compile("g"), "h"),
    (re.compile("ae"), "a"),
    (re.compile("oe|ou"), "o"),
    (re.compile("ue"), "u"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("^ie"), "e"),
)


def is_latin(text: str) -> bool:
    """Whether every letter of `text` is Latin (of `plain` text)."""
    return text.isascii() or all(char < "\u0250" or not char.isalpha() or "\u1e00" <= char <= "\u1eff" for char in text)


def letters(text: str) -> str:
    """`text` in lower case without emoji, flags and ornaments; punctuation is kept."""
    if text.isascii():
        return text.lower().strip()
    found = []
    for char in plain(text):
        char = _SQUARED.get(char) or _MATHEMATICAL.get(char, char)
        if unicodedata.category(char) in ("So", "Sk", "Sm", "Co", "Cn", "Cs", "Cc", "Cf", "Me"):
            found.append(" ")
        else:
            found.append(char)
    return unicodedata.normalize("NFC", "".join(found).lower()).strip()


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """ASCII letters and digits of a word: diacritics gone, other alphabets transliterated."""
    text = word if word.isascii() else _transliterated(letters(word))
    return _NOT_WORD.sub("", text.lower())


@lru_cache(maxsize=65536)
def forms(word: str) -> frozenset[str]:
    """`fold` both ways: "müller" is "muller" and "mueller"."""
    if word.isascii():
        return frozenset({fold(word)})
    return frozenset({fold(word), fold(letters(word).translate(_UMLAUTS))})


def _transliterated(text: str) -> str:
    if text.isascii():
        return text
    from anyascii import anyascii

    text = _GREEK.sub(lambda match: _GREEK_SOUNDS[match[0]], text)
    text = _KANA_GLIDES.sub(_glide, text)
    return str(anyascii(text)).lower()


def _glide(match: re.Match[str]) -> str:
    """きょ is kyo, しょ sho."""
    head, vowel = _HEADS[match[1]], _GLIDES[match[2]]
    return head + (vowel[1:] if head in ("sh", "ch", "j") else vowel)


@lru_cache(maxsize=65536)
def coarse(folded: str) -> str:
    """What different spellings of one sound share ("yuliya", "julia"; "mueller", "muller"): for finding only."""
    text = folded
    for pattern, sound in _SOUNDS:
        text = pattern.sub(sound, text)
    return text


@lru_cache(maxsize=65536)
def skeleton(handle: str) -> str:
    """What look-alike handles share: letters that look the same are one; separators, digits at the end and words such
    as "official" count for nothing."""
    text = _ORNAMENTS.sub("", fold_handle(handle))
    text = text.rstrip("0123456789") or text
    text = disguise(text)
    return re.sub(r"(.)\1+", r"\1", text)


@lru_cache(maxsize=65536)
def undecorated(handle: str) -> tuple[str, ...]:
    """The handles, folded, that this one may copy by an addition: without its last character, without "official" and
    the like."""
    folded = fold_handle(handle)
    found = (folded[:-1], _ORNAMENTS.sub("", folded))
    return tuple(item for item in dict.fromkeys(found) if len(item) > 4 and item != folded)


def disguise(folded: str) -> str:
    """A handle with letters that look alike made one: "rn" is "m", "1" is "l"."""
    return folded.replace("rn", "m").replace("vv", "w").translate(_LOOKALIKES)


_LOOKALIKES = str.maketrans({"0": "o", "1": "l", "i": "l", "3": "e", "5": "s", "4": "a", "7": "t", "8": "b", "9": "g"})
_ORNAMENTS = re.compile("(?:official|offiziell|oficial|officiel|real|original|support|help|service|the(?=.{5}))")


def fold_handle(handle: str) -> str:
    """ASCII letters and digits of a handle; of one on a server of its own (kim@mastodon.example) the first part."""
    return fold(handle.lstrip("@").partition("@")[0])
