"""The language of short messages, by their commonest words: good enough for a hint."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

_COMMON = """
de ich und ist nicht das die der mein meine wie was habe hat bitte noch mit auf für wann warum ihr euch seit kein danke
en the is my not and you how what have has please still with for when why your was this that are to it in of thanks
fr le la les est pas et mon ma mes je vous comment quoi pourquoi depuis avec pour une des du ne merci bonjour toujours
es el la los es no y mi mis qué cómo cuándo por para con una del desde todavía gracias hola está ha sin otra vez
it il lo gli non è mio mia che come quando perché con per una del della da ancora grazie ciao sono di ho
nl de het een is niet en mijn hoe wat waarom wanneer met voor sinds nog al ik jullie bedankt hoi van op weer geen
pt o os não é meu minha como quando por que para com uma do da desde ainda obrigado olá está de em
pl nie jest się mój moja moje jak co kiedy dlaczego od do z na dziękuję dzień dobry nadal znowu proszę
tr bir ve bu değil benim nasıl ne neden için ile hâlâ teşekkürler merhaba yok mi çok
sv jag och är inte det min mitt hur vad när varför med för sedan fortfarande tack hej som har ett
da jeg og er ikke det min mit hvordan hvad hvornår hvorfor med for siden stadig tak hej som har et
no jeg og er ikke det min mitt hvordan hva når hvorfor med for siden fortsatt takk hei som har et
fi minä ja ei on se miten mitä milloin miksi vielä kiitos hei minun olen että
cs a je to se můj moje jak co kdy proč od ještě děkuji dobrý den není jsem
hu és nem az egy hogyan mikor miért még köszönöm van volt
ro și nu este meu mea cum când de ce pentru încă mulțumesc
"""
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    (re.compile("[іїєґІЇЄҐ]"), "uk"),
    (re.compile("[а-яА-Я]"), "ru"),
    (re.compile("[α-ωΑ-Ω]"), "el"),
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u4e00-\u9fff]"), "zh"),
    (re.compile("[\u0600-\u06ff]"), "ar"),
)
_FEWEST = 2


@lru_cache(maxsize=1)
def _by_word() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in _COMMON.strip().split("\n"):
        language, *words = line.split()
        for word in words:
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


def language_of(texts: Sequence[str]) -> str:
    """ISO 639-1 code of the language of most of the words in `texts` that tell; "" when it can't be told."""
    counts: dict[str, int] = {}
    known = _by_word()
    for text in texts:
        if not text.isascii():
            for pattern, language in _SCRIPTS:
                if pattern.search(text):
                    return language
        for word in _WORD.findall(text[:500].lower()):
            for language in known.get(word, ()):
                counts[language] = counts.get(language, 0) + 1
    if not counts:
        return ""
    first, *others = sorted(counts, key=lambda language: (-counts[language], language))
    is_clear = counts[first] >= _FEWEST and (not others or counts[first] > counts[others[0]])
    return first if is_clear else ""
