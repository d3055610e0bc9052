"""Emoji sequences that X counts as one: flags, keycaps, skin tones, families, professions, tagged flags.

The sequences are the ones Unicode recommends for interchange (Emoji 14, what X's own counter knows), written as shapes
instead of a list of 3,600. What is not recommended (an invented ZWJ sequence) counts by its pieces, as with X: too long
an estimate costs one more part, too short a one is refused.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_TONE = "[\U0001f3fb-\U0001f3ff]"
_PERSON = "[\U0001f9d1\U0001f468\U0001f469]"
_CHILD = "[\U0001f466\U0001f467]"
_ZWJ = "\u200d"
_VS = "\ufe0f"
_HEART = f"\u2764{_VS}"
_KISS = "\U0001f48b"

_PROFESSION = (
    f"{_PERSON}{_TONE}?{_ZWJ}(?:[\u2695\u2696\u2708]{_VS}|[\U0001f33e\U0001f373\U0001f37c\U0001f384\U0001f393\U0001f3a4"
    "\U0001f3a8\U0001f3eb\U0001f3ed\U0001f4bb\U0001f4bc\U0001f527\U0001f52c\U0001f680\U0001f692\U0001f9af-\U0001f9b3"
    "\U0001f9bc\U0001f9bd])"
)
# Both have a skin tone, or neither.
_PAIRS = tuple(
    f"{_PERSON}{tone}{_ZWJ}(?:{_HEART}{_ZWJ}(?:{_KISS}{_ZWJ})?|\U0001f91d{_ZWJ}){_PERSON}{tone}" for tone in (_TONE, "")
)
_HANDSHAKE = f"\U0001faf1{_TONE}{_ZWJ}\U0001faf2{_TONE}"
_FAMILY = f"[\U0001f468\U0001f469](?:{_ZWJ}[\U0001f468\U0001f469])?{_ZWJ}{_CHILD}(?:{_ZWJ}{_CHILD})?"
# Runners, police officers, elves ...: a person of either sex by a sign at the end.
_GENDERED = (
    "(?:[\U0001f3c3\U0001f3c4\U0001f3ca\U0001f46e\U0001f470\U0001f471\U0001f473\U0001f477\U0001f481\U0001f482\U0001f486"
    "\U0001f487\U0001f645-\U0001f647\U0001f64b\U0001f64d\U0001f64e\U0001f6a3\U0001f6b4-\U0001f6b6\U0001f926\U0001f935"
    f"\U0001f937-\U0001f939\U0001f93d\U0001f93e\U0001f9b8\U0001f9b9\U0001f9cd-\U0001f9cf\U0001f9d4\U0001f9d6-\U0001f9dd]{_TONE}?"
    f"|[\u26f9\U0001f3cb\U0001f3cc\U0001f575](?:{_TONE}|{_VS})"
    f"|[\U0001f46f\U0001f93c\U0001f9de\U0001f9df]){_ZWJ}[\u2640\u2642]{_VS}"
)
_FIXED = "|".join(
    (
        f"\U0001f3f3{_VS}{_ZWJ}(?:\U0001f308|\u26a7{_VS})",  # rainbow and transgender flag
        f"\U0001f3f4{_ZWJ}\u2620{_VS}",  # pirate flag
        f"\U0001f441{_ZWJ}\U0001f5e8",  # eye in speech bubble, known without selectors only
        f"{_HEART}{_ZWJ}[\U0001f525\U0001fa79]",  # heart on fire, mending heart
        f"\U0001f415{_ZWJ}\U0001f9ba",  # service dog
        f"\U0001f408{_ZWJ}\u2b1b",  # black cat
        f"\U0001f43b{_ZWJ}\u2744{_VS}",  # polar bear
        f"\U0001f62e{_ZWJ}\U0001f4a8",  # face exhaling
        f"\U0001f635{_ZWJ}\U0001f4ab",  # face with spiral eyes
        f"\U0001f636{_ZWJ}\U0001f32b{_VS}",  # face in clouds
    )
)
# England, Scotland, Wales.
_TAGGED_FLAG = (
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|"
    "\U000e0077\U000e006c\U000e0073)\U000e007f"
)
_KEYCAP = f"[#*0-9]{_VS}?\u20e3"
# Regions that have a flag: the first letter of each word, then the letters that may follow it.
_FLAGS = (
    "ACDEFGILMOQRSTUWXZ BABDEFGHIJLMNOQRSTVWYZ CACDFGHIKLMNOPRUVWXYZ DEGJKMOZ EACEGHRSTU FIJKMOR "
    "GABDEFGHILMNPQRSTUWY HKMNRTU ICDELMNOQRST JEMOP KEGHIMNPRWYZ LABCIKRSTUVY MACDEFGHKLMNOPQRSTUVWXYZ "
    "NACEFGILOPRUZ OM PAEFGHKLMNRSTWY QA REOSUW SABCDEGHIJKLMNORSTVXYZ TACDFGHJKLMNORTVWZ UAGMNSYZ "
    "VACEGINU WFS XK YET ZAMW"
)
_TONED = rf"\p{{Emoji_Modifier_Base}}{_TONE}"
# Emoji that are pictures by themselves and still may carry the variation selector (emoji-variation-sequences.txt).
_PICTURE_WITH_SELECTOR = "[⌚⌛◽◾☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛔⛪⛲⛳⛵⛺⛽❗⬛⬜⭐⭕\U0001f004\U0001f21a\U0001f22f]"
_SELECTED = rf"(?:(?![#*0-9\u267e])(?!\p{{Emoji_Presentation}})\p{{Emoji}}|{_PICTURE_WITH_SELECTOR}){_VS}"
_SEQUENCES = (
    *_PAIRS,
    _HANDSHAKE,
    _PROFESSION,
    _GENDERED,
    _FAMILY,
    _FIXED,
    _TAGGED_FLAG,
    _KEYCAP,
    _TONED,
    _SELECTED,
)


def _flag_pattern() -> str:
    def indicators(letters: str) -> str:
        return "".join(chr(ord(letter) - ord("A") + 0x1F1E6) for letter in letters)

    return "|".join(f"{indicators(word[0])}[{indicators(word[1:])}]" for word in _FLAGS.split())


@cache
def emoji_sequence() -> Any:
    """The compiled pattern (of the `regex` package, imported here) for sequences of two code points and more."""
    import regex

    return regex.compile("|".join((*_SEQUENCES, _flag_pattern())))
