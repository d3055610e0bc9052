"""Names of people: what of a profile's name is one, and how far it agrees with a record's."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from chalicelib.core.matching.folding import coarse, fold, forms, is_latin, letters
from chalicelib.core.matching.nicknames import all_full_names, full_names, is_ambiguous, is_form, is_given_name
from chalicelib.core.matching.normalise import plain
from chalicelib.core.people import Contact

_TITLE_WORDS = """
dr prof mr mrs ms miss mx herr frau hr fr dipl ing med msc bsc mba phd md esq sir lady rev lord dame doctor doktor
professor señor señora sra srta monsieur madame mme mlle signor signora sig dott doña the
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_JUNIOR = {"jr": "jr", "junior": "jr", "jun": "jr", "ii": "jr", "iii": "iii", "iv": "iv", "2nd": "jr", "3rd": "iii"}
_SENIOR = {"sr": "sr", "senior": "sr", "sen": "sr"}
_PARTICLE_WORDS = """
von van vom de da di do du del della dello dos das der den des la le lo las los el al bin ibn ben ter ten te zu zum
zur und y af av
"""
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_FAMILY_FIRST = frozenset(
    ("nguyen", "tran", "pham", "huynh", "hoang", "phan", "vu", "vo", "dang", "bui", "do", "ngo", "duong")
)
"""Names of families that stand first where three words or more make a name (Nguyễn Thị Lan is called Lan)."""
_COMPANY = re.compile(
    r"\b(?:gmbh|mbh|ag|kg|ohg|ug|gbr|e\.?k|e\.?v|inc|llc|ltd|limited|plc|corp|corporation|company|s\.?a\.?r\.?l|sas|"
    r"s\.?l|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|oy|ab|a/s|aps|lda|ltda|pty|holding|group|gruppe|groupe|grupo|"
    r"shop|store|boutique|salon|studio|studios|agency|agentur|agence|agencia|consulting|media|marketing|solutions|"
    r"services|service|systems|software|technologies|tech|logistics|logistik|immobilien|versicherung|sparkasse|"
    r"hotel|restaurant|ristorante|pizzeria|bistro|cafe|café|bakery|bäckerei|konditorei|metzgerei|boulangerie|"
    r"praxis|zahnarzt|kanzlei|apotheke|pharmacy|klinik|clinic|hospital|verein|verband|association|foundation|stiftung|"
    r"club|team|news|magazin|magazine|zeitung|official|offiziell|officiel|support|helpdesk|kundenservice|"
    r"autohaus|werkstatt|elektro|elektronik|sanitär|handel|vertrieb|verlag|fitness|yoga|fashion|design|"
    r"university|universität|schule|kirche|museum|production|productions|trading|imports?|"
    r"photography|fotografie|friseur|kosmetik|coaching|catering|florist|blumen|möbel|optik|reisen|tours|transport|spedition)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"[(\[{][^)\]}]*[)\]}]|\b(?:she|he|they|er|sie)/\w+(?:/\w+)?", re.IGNORECASE)
_CUT = re.compile(r"\s[|/•·–—~@:*]+\s?|[|•·–—~:*]|\s-\s|\s@|,(?=.*,)")
_CAMEL = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_SPLIT = re.compile(r"[\s_.\-]+")
_COINED = re.compile(r"\w\d|\d[^\W\d]|\w_|_\w")
_MOST_WORDS = 6
_LONGEST_NAME = 120


class Level(IntEnum):
    """How far a part of a name agrees. From PART on it does; below FORM a given name may be a relative's."""

    DIFFERENT = 0
    ABSENT = 1
    """One side does not tell."""
    INITIAL = 2
    SIMILAR = 3
    VARIANT = 4
    """It sounds the same ("Sofie", "Sophie"), or is its beginning ("Steph")."""
    PART = 5
    """One of several given or family names."""
    FORM = 6
    """A nickname of it, or it in another alphabet."""
    SAME = 7


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a profile's name and a contact's agree. ``swapped``: family name first; ``unsure``: the nickname stands for
    several names, or one of the two is a junior."""

    given: Level = Level.ABSENT
    family: Level = Level.ABSENT
    swapped: bool = False
    unsure: bool = False

    @property
    def is_full(self) -> bool:
        """Given and family name agree, each as a whole name."""
        return self.given >= Level.FORM and self.family >= Level.PART

    @property
    def is_relative(self) -> bool:
        """The family name agrees, the given name is another."""
        return self.family >= Level.PART and self.given is Level.DIFFERENT

    @property
    def is_other(self) -> bool:
        """A person's name, of which nothing agrees, or only the family name."""
        return self.given is Level.DIFFERENT


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name's words as written (lower case). ``given`` and ``family``: where that is known or can be told;
    ``generation``: "jr", "sr"; ``is_ordered``: given names first for certain, or marked by a comma; ``is_coined``: made
    up, with digits and underscores, as handles are."""

    words: tuple[str, ...]
    given: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    generation: str = ""
    is_company: bool = False
    is_ordered: bool = False
    is_coined: bool = False

    @property
    def is_person_like(self) -> bool:
        """Looks like a person's name: the first or the last word is known as a given name."""
        if self.is_coined or self.is_company:
            return False
        return any(is_given_name(form) for word in {*self.words[:1], *self.words[-1:]} for form in forms(word))

    @property
    def may_be_person(self) -> bool:
        """Two or three words without digits: a name, or words that stand for one."""
        return self.is_person_like or (1 < len(self.words) < 5 and not self.is_coined and not self.is_company)


NOBODY = PersonName(words=())


def looks_like_company(text: str) -> bool:
    """Whether a name is a company's by its words."""
    return _COMPANY.search(_shown(text)) is not None


def _shown(text: str) -> str:
    """A name without what people write behind it ("| she/her", "(Berlin)")."""
    return _CUT.split(_ASIDE.sub(" ", plain(text[:_LONGEST_NAME])).strip(), maxsplit=1)[0]


@lru_cache(maxsize=16384)
def parse_name(text: str) -> PersonName:
    """A name as one string, in whatever order."""
    shown = _shown(text)
    company = _COMPANY.search(shown) is not None
    if " " not in shown.strip():
        shown = _CAMEL.sub(" ", shown)
    before, comma, after = shown.partition(",")
    words, generation = _words(before)
    if not comma:
        arranged = _arranged(words, generation, company)
        return replace(arranged, is_coined=True) if _COINED.search(shown) else arranged
    behind, later = _words(after)
    if not behind or not words:
        return _arranged(words or behind, later or generation, company)
    family = tuple(word for word in words if word not in _PARTICLES) or words
    return PersonName((*behind, *family), behind, family, later or generation, company, True)


def name_of(contact: Contact) -> PersonName:
    """A contact's name: its parts where the CRM keeps them apart. An id, an address or a number that stands where the
    name is missing is none."""
    if contact.given_name and contact.family_name:
        return _of_parts(contact.given_name, contact.family_name)
    if contact.name == contact.ref.contact or "@" in contact.name or not any(map(str.isalpha, contact.name)):
        return NOBODY
    return parse_name(contact.name)


@lru_cache(maxsize=16384)
def _of_parts(given_name: str, family_name: str) -> PersonName:
    given, generation = _words(plain(given_name))
    family, later = _words(plain(family_name))
    family = tuple(word for word in family if word not in _PARTICLES) or family
    company = _COMPANY.search(plain(family_name)) is not None
    return PersonName((*given, *family), given, family, later or generation, company, True)


def _words(text: str) -> tuple[tuple[str, ...], str]:
    generation = ""
    found: list[str] = []
    for raw in _SPLIT.split(letters(text)):
        word = raw.strip("'’`´\"“”„!?#,;&+^")
        bare = word.replace("'", "").replace("’", "")
        if not bare or bare in _TITLES:
            continue
        if found and (bare in _JUNIOR or bare in _SENIOR):
            generation = _JUNIOR.get(bare) or _SENIOR[bare]
        elif any(char.isalpha() for char in bare):
            found.append(bare.strip("0123456789"))
    return tuple(found[:_MOST_WORDS]), generation


def _arranged(words: tuple[str, ...], generation: str, company: bool) -> PersonName:
    """Given names first, as most write them; of three words the middle one is a given name if it is known as one."""
    if len(words) > 2 and fold(words[0]) in _FAMILY_FIRST:
        given = tuple(reversed(words[1:]))
        return PersonName((*given, words[0]), given, words[:1], generation, company)
    particles = [index for index, word in enumerate(words) if word in _PARTICLES and index]
    if particles:
        first = particles[0]
        family = tuple(word for word in words[first:] if word not in _PARTICLES)
        given = words[:first]
        if family:
            return PersonName((*given, *family), given, family, generation, company)
    kept = words
    if len(kept) < 2:
        return PersonName(kept, kept, (), generation, company)
    if len(kept) == 2:
        cut = 1
    elif len(kept) == 3:
        cut = 2 if any(is_given_name(form) for form in forms(kept[1])) else 1
    else:
        cut = 2
    return PersonName(kept, kept[:cut], kept[cut:], generation, company)


# ---- comparing -------------------------------------------------------------------------------------------------------


def compare(shown: PersonName, record: PersonName) -> Agreement:
    """How the name that a profile shows agrees with a record's."""
    if not shown.words or not record.words:
        return Agreement()
    whole = _squashed(shown, record)
    if whole is not None:
        return whole
    best = max((_assigned(shown, record, index) for index in range(-1, len(shown.words))), key=_rank)
    if shown.generation and record.generation and shown.generation != record.generation:
        return Agreement(Level.DIFFERENT, best.family)
    return best if shown.generation == record.generation else replace(best, unsure=True)


def _rank(agreement: Agreement) -> tuple[int, int, int]:
    return (agreement.given + agreement.family, agreement.given, -int(agreement.swapped))


def _squashed(shown: PersonName, record: PersonName) -> Agreement | None:
    """ "kimmiller", "millerkim": both names in one word."""
    if len(shown.words) != 1 or not record.given or not record.family:
        return None
    [word] = shown.words
    for given in forms("".join(record.given)) | forms(record.given[0]):
        for family in forms("".join(record.family)) | forms(record.family[0]):
            if fold(word) in (given + family, family + given):
                return Agreement(Level.SAME, Level.SAME)
    return None


def _assigned(shown: PersonName, record: PersonName, index: int) -> Agreement:
    """Agreement when the word at `index` is taken for the family name (-1: none is)."""
    family, swapped, unsure = Level.ABSENT, False, False
    rest = tuple(word for place, word in enumerate(shown.words) if place != index)
    if index >= 0:
        if not record.family:
            return Agreement(Level.DIFFERENT, Level.DIFFERENT)
        family = max(family_level(shown.words[index], word) for word in record.family)
        if family is Level.DIFFERENT:
            return Agreement(Level.DIFFERENT, Level.DIFFERENT)
        others = [word for word in rest if any(family_level(word, item) is Level.SAME for item in record.family)]
        rest = tuple(word for word in rest if word not in others)
        if family is Level.SAME and len(record.family) > 1 and not others:
            family = Level.PART
    if not rest:
        return Agreement(Level.ABSENT, family)
    given, place, unsure = _given(rest, record.given)
    if index >= 0 and given > Level.ABSENT and not shown.is_ordered:
        swapped = shown.words.index(rest[place]) > index
    if swapped and not _may_swap(shown, record):
        return Agreement(min(given, Level.SIMILAR), min(family, Level.SIMILAR), swapped, unsure)
    if index < 0 and given >= Level.INITIAL and len(rest) > 1 and record.family:
        left = [word for number, word in enumerate(rest) if number != place]
        family = Level.DIFFERENT if any(len(word) > 1 for word in left) else Level.ABSENT
    return Agreement(given, family, swapped, unsure)


def _may_swap(shown: PersonName, record: PersonName) -> bool:
    """Two words against two, of which one alone is a given name: else "Thomas Martin" would be "Martin Thomas"."""
    if len(shown.words) != 2 or len(record.words) != 2:
        return False
    return sum(any(is_given_name(form) for form in forms(word)) for word in shown.words) < 2


def _given(words: tuple[str, ...], given: tuple[str, ...]) -> tuple[Level, int, bool]:
    """The best agreement of one of `words` with the given names, its place, and whether it is an unsure nickname. A
    first initial counts for nothing before a name ("J. Robert")."""
    if not given:
        return Level.ABSENT, 0, False
    if (len(given) > 1 or len(words) > 1) and all(len(word) > 1 for word in (*given[:2], *words[:2])):
        joined = fold("".join(given[:2]))
        if fold("".join(words[:2])) == joined or fold(words[0]) == joined:
            return Level.SAME, 0, False
    found = (Level.DIFFERENT, 0, False)
    if (
        len(given) > 1
        and 1 < len(words[0]) <= len(given)
        and fold(words[0]) == "".join(fold(name)[:1] for name in given)
    ):
        return Level.INITIAL, 0, False
    for place, word in enumerate(words):
        for number, name in enumerate(given):
            level = given_level(word, name)
            if level > Level.PART and (number or (place and len(words[0]) > 1)):
                level = Level.PART
            if level > found[0]:
                found = (level, place, level is Level.FORM and is_ambiguous(fold(word)))
    return found


@lru_cache(maxsize=65536)
def given_level(one: str, other: str) -> Level:
    """How two given names agree. Similar ones (Joseph, Josephine) are different people's until something else speaks
    for one."""
    if forms(one) & forms(other):
        return Level.SAME
    if len(one) == 1 or len(other) == 1:
        return Level.INITIAL if fold(one)[:1] == fold(other)[:1] else Level.DIFFERENT
    if any(is_form(mine, theirs) for mine in forms(one) for theirs in forms(other)):
        return Level.FORM
    if not (is_latin(one) and is_latin(other)) and coarse(fold(one)) == coarse(fold(other)):
        return Level.FORM
    if _is_short(fold(one), fold(other)) or _is_short(fold(other), fold(one)):
        return Level.VARIANT
    return _similar(fold(one), fold(other), 0.9)


def _is_short(short: str, full: str) -> bool:
    """ "steph" of "stephane", "melli" of "melanie": the beginning of a longer name that is none by itself."""
    stem = short.rstrip("iyeo")
    if len(stem) > 3 and stem[-1] == stem[-2]:
        stem = stem[:-1]
    is_shorter = 3 <= len(stem) <= len(full) - 2 and len(short) < len(full)
    return is_shorter and full.startswith(stem) and short not in all_full_names()


@lru_cache(maxsize=65536)
def family_level(one: str, other: str) -> Level:
    """How two family names agree."""
    if forms(one) & forms(other):
        return Level.SAME
    if len(one) == 1 or len(other) == 1:
        return Level.INITIAL if fold(one)[:1] == fold(other)[:1] else Level.DIFFERENT
    if not (is_latin(one) and is_latin(other)) and coarse(fold(one)) == coarse(fold(other)):
        return Level.FORM
    return _similar(fold(one), fold(other), 0.92)


def _similar(one: str, other: str, least: float) -> Level:
    if min(len(one), len(other)) < 4:
        return Level.DIFFERENT
    if coarse(one) == coarse(other):
        return Level.VARIANT
    from jellyfish import jaro_winkler_similarity

    return Level.SIMILAR if jaro_winkler_similarity(one, other) >= least else Level.DIFFERENT


def expansions(word: str) -> tuple[str, ...]:
    """A given name's folded spellings and the full names that it may stand for: what to look it up by. At most five."""
    own = sorted(forms(word))
    full = sorted({name for form in own for name in full_names(form)})
    return tuple(dict.fromkeys([*own, *full]))[:5]
