"""Names as networks show them: other scripts, mathematical letters, other spellings of diacritics."""

from __future__ import annotations

import random
import unicodedata


def _pairs(text: str) -> dict[str, str]:
    return {left: right for left, _, right in (item.partition("=") for item in text.split())}


_GREEK = dict(zip("abgdeziklmnoprstufv", "αβγδεζικλμνοπρστυφβ", strict=True)) | _pairs(
    "th=θ ch=χ ps=ψ ou=ου ks=ξ x=ξ h=χ j=τζ w=ου y=υ"
)
_CYRILLIC = dict(zip("abvhgdezyiklmnoprstuf", "абвггдезиіклмнопрстуф", strict=True)) | _pairs(
    "zh=ж kh=х ts=ц ch=ч sh=ш shch=щ ia=я iu=ю ya=я yu=ю ii=ій j=й x=кс w=в c=к q=к lha=льга lh=льг"
)
_ROWS = _pairs("=アイウエオ k=カキクケコ s=サシスセソ t=タチツテト n=ナニヌネノ h=ハヒフヘホ m=マミムメモ") | _pairs(
    "r=ラリルレロ g=ガギグゲゴ z=ザジズゼゾ d=ダヂヅデド b=バビブベボ"
)
_KANA = {
    start + vowel: sign for start, row in _ROWS.items() for vowel, sign in zip("aiueo", row, strict=True)
} | _pairs("shi=シ chi=チ tsu=ツ fu=フ ji=ジ ya=ヤ yu=ユ yo=ヨ wa=ワ n=ン sho=ショ shu=シュ sha=シャ cho=チョ kyo=キョ")
_MATHEMATICAL = (0x1D400, 0x1D434, 0x1D468, 0x1D4D0, 0x1D56C, 0x1D5A0, 0x1D5D4, 0x1D608, 0x1D670)
"""Where the capital A of Unicode's mathematical alphabets stands; the small a follows 26 later."""


_BASE = str.maketrans(_pairs("ł=l Ł=L ß=ss ı=i ø=o æ=ae"))
_UMLAUTS = str.maketrans(_pairs("ü=ue ö=oe ä=ae Ü=Ue Ö=Oe Ä=Ae ß=ss"))


def in_script(name: str, place: str) -> str:
    """`name` in its country's own script (Greek, Cyrillic, katakana)."""
    table = {"GR": _GREEK, "UA": _CYRILLIC, "JP": _KANA}[place]
    words = [_spell(word.lower(), table) for word in name.split()]
    if place == "JP":
        return "・".join(words) if len(name) % 2 else "".join(f"{word} " for word in words).strip()
    if place == "GR":
        words = [f"{word[:-1]}ς" if word.endswith("σ") else word for word in words]
    return " ".join(word.title() for word in words)


def _spell(word: str, table: dict[str, str]) -> str:
    found, at = "", 0
    while at < len(word):
        for size in (4, 3, 2, 1):
            if len(part := word[at : at + size]) == size and part in table:
                found += table[part]
                break
        else:
            size = 1
        at += size
    return found


def mathematical(name: str, rng: random.Random) -> str:
    """Fancy letters, as "font" pages for profiles make them. Letters with diacritics stay as they are there."""
    base = rng.choice(_MATHEMATICAL)

    def fancy(char: str) -> str:
        if "A" <= char <= "Z":
            return chr(base + ord(char) - 65)
        return chr(base + 26 + ord(char) - 97) if "a" <= char <= "z" else char

    return "".join(map(fancy, name))


def stripped(text: str) -> str:
    """Without diacritics: ü as u, ł as l, ß as ss, ı as i."""
    text = text.translate(_BASE)
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def german(text: str) -> str:
    """Umlauts as two letters: ü as ue."""
    return text.translate(_UMLAUTS)


def simple(text: str) -> str:
    """Lower-case ASCII letters only, for handles and mailboxes."""
    return "".join(char for char in stripped(german(text)).lower() if char.isascii() and char.isalnum())
