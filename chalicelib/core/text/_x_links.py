"""Where X sees a link: the rule of twitter-text 3.1.0 (Apache-2.0), by scanning instead of its regular expression.

The published expression takes quadratic time on long runs of letters; this walks each run once. A link is a domain with
a known top-level domain, with or without ``http(s)://``, its port, path and query. Differences are bugs: the rule was
compared with the vendor's own implementation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.core.text._tlds import LONGEST_TLD, TLDS

_MAX_URL = 4096
_MAX_LABEL = 63
_MAX_TCO_SLUG = 40
_INVALID = "\ufffe\ufeff\uffff"
_DIRECTIONAL = "\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
_SPACES = "\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_LATIN = "À-ÖØ-öø-ɏɓɔɖɗəɛɣɨɯɲʉʋʻ\u0300-\u036fḀ-ỿ"
_CYRILLIC = "\u0400-\u04ff"

# Letters, digits, dots, hyphens, underscores, and nearly everything outside ASCII: X's idea of a domain character.
_RUN = re.compile(rf"[^!'#%&()*+,\\/:;<=>?@\[\]^{{|}}~${_SPACES}{_INVALID}{_DIRECTIONAL}]+")
_MAY_PRECEDE = re.compile(rf"[^A-Za-z0-9@＠$#＃{_INVALID}]")
_AFTER_TLD = re.compile(r"[^0-9a-zA-Z@+\-]")
_ASCII_WORD = re.compile(r"[0-9A-Za-z]*")
_PUNYCODE = re.compile(r"[xX][nN]--[-0-9a-zA-Z]+")
_PORT = re.compile(r":[0-9]+")
_PATH_CHARS = rf"a-zA-Z{_CYRILLIC}0-9!*';:=+,.$/%#\[\]\-–_~@|&{_LATIN}"
# A parenthesis that does not close ends the path, whatever stood before it; hence possessive, and linear.
_PARENTHESES = rf"\((?:[{_PATH_CHARS}]++|[{_PATH_CHARS}]*+\([{_PATH_CHARS}]++\)[{_PATH_CHARS}]*+)\)"
_PATH = re.compile(rf"/(?:[{_PATH_CHARS}]|{_PARENTHESES})*+")
_PATH_TOKEN = re.compile(rf"(?P<end>[a-zA-Z{_CYRILLIC}0-9+\-=_#/{_LATIN}]+)|(?P<group>{_PARENTHESES})|[{_PATH_CHARS}]")
_QUERY = re.compile(r"\?[a-zA-Z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*+")
_NOT_AT_QUERY_END = "!?*'@();:+$%[].,~|"
_TCO = re.compile(r"[hH][tT]{2}[pP][sS]?://[tT]\.[cC][oO]/([a-zA-Z0-9]+)")
_BARE_LABELS = re.compile(rf"[-a-zA-Z0-9{_LATIN}.]+")


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of domain characters, cut at its dots. `reach[i]`: the label that ends the longest domain from label i."""

    start: int
    labels: tuple[tuple[int, int], ...]
    tlds: tuple[int, ...]
    reach: tuple[int | None, ...]


def x_link_spans(text: str) -> list[tuple[int, int]]:
    """Code point spans of what X counts as links in NFC `text`, in order and apart from each other."""
    spans: list[tuple[int, int]] = []
    free = 0
    if "." not in text:
        return spans
    for match in _RUN.finditer(text):
        if free < match.end() and "." in match[0]:
            for end, found in _links_in_run(text, _read_run(text, match.start(), match.end()), free):
                free = end
                spans.extend(found)
    return spans


def _read_run(text: str, start: int, end: int) -> _Run:
    labels: list[tuple[int, int]] = []
    left = start
    for part in text[start:end].split("."):
        labels.append((left, left + len(part)))
        left += len(part) + 1
    tlds = tuple(_tld_end(text, first, last, len(text)) for first, last in labels)
    reach: list[int | None] = [None] * (len(labels) + 1)
    for index in range(len(labels) - 2, -1, -1):
        reach[index] = _reach(text, labels, tlds, reach, index, labels[index][0])
    return _Run(start=start, labels=tuple(labels), tlds=tlds, reach=tuple(reach))


def _reach(
    text: str,
    labels: list[tuple[int, int]] | tuple[tuple[int, int], ...],
    tlds: tuple[int, ...],
    reach: list[int | None] | tuple[int | None, ...],
    index: int,
    start: int,
) -> int | None:
    """The label that begins with the top-level domain of the longest domain from `start` in label `index`."""
    end = labels[index][1]
    if start >= end or text[start] in "_-" or text[end - 1] in "_-" or index + 1 >= len(labels):
        return None
    further = reach[index + 1]
    if further is not None:
        return further
    return index + 1 if tlds[index + 1] and "_" not in text[start:end] else None


def _tld_end(text: str, start: int, end: int, limit: int) -> int:
    """Where the top-level domain at `start` ends, or 0. `end`: the end of the label; `limit`: of the text."""
    word = _ASCII_WORD.match(text, start, end)
    for size in range(min(LONGEST_TLD, end - start), 1, -1):
        after = start + size
        if word is not None and start < after < word.end():
            continue  # in the middle of letters: nothing that may follow a top-level domain
        if text[start:after].lower() in TLDS and (after >= limit or _AFTER_TLD.match(text, after)):
            return after
    punycode = _PUNYCODE.match(text, start, end)
    return punycode.end() if punycode else 0


def _links_in_run(text: str, run: _Run, free: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each match in the run: where it ends (with path and query) and the links in it, none when X rejects it."""
    for index, (first, last) in enumerate(run.labels[:-1]):
        start = first
        while start < last:
            target, protocol = None, 0
            if start == run.start and (protocol := _protocol_length(text, start, free)):
                target = run.reach[0]
            if target is None:
                protocol = 0
                if _may_start(text, start, free):
                    target = _reach(text, run.labels, run.tlds, run.reach, index, start)
            if target is None or _is_eaten(text, run, start):
                start += 1
                continue
            is_glued = start > free and text[start - 1] in "-_./"
            free, links = _complete(text, start, run.tlds[target], protocol)
            if is_glued and not protocol:
                links = []
            yield free, links
            start = max(start + 1, free)


def _may_start(text: str, start: int, free: int) -> bool:
    """Whether a link without a protocol may begin at `start`: what X tests is the UTF-16 code unit before it."""
    if start >= free and text[start] > "\uffff":
        return True  # the first half of a surrogate pair stands before the second
    return start == 0 or (start > free and _MAY_PRECEDE.match(text, start - 1) is not None)


def _is_eaten(text: str, run: _Run, start: int) -> bool:
    """At the very beginning X takes a letter beyond ASCII for the character before the link, if it can."""
    if start or text[0] > "\uffff" or not _MAY_PRECEDE.match(text):
        return False
    return run.labels[0][1] > 1 and _reach(text, run.labels, run.tlds, run.reach, 0, 1) is not None


def _protocol_length(text: str, start: int, free: int) -> int:
    """How long the ``http(s)://`` right before `start` is; 0 when there is none or something glued to it forbids it."""
    for size in (7, 8):
        begin = start - size
        if begin < 0 or text[begin:start].lower() != ("http://" if size == 7 else "https://"):
            continue
        if begin == 0 or (begin > free and _MAY_PRECEDE.match(text, begin - 1)):
            return size
    return 0


def _complete(text: str, start: int, domain_end: int, protocol: int) -> tuple[int, list[tuple[int, int]]]:
    """Add port, path and query to the domain at `start`; then X's second look at what it found."""
    port = _PORT.match(text, domain_end)
    path_start = port.end() if port else domain_end
    path_end = _path_end(text, path_start)
    end = _query_end(text, path_end)
    domain, has_path = text[start:domain_end], path_end > path_start
    begin = start - protocol
    if not _is_valid_domain(domain) or (protocol or 8) + (end - begin) > _MAX_URL:
        return end, []
    if protocol:
        tco = _TCO.match(text, begin, end)
        if tco is None:
            return end, [(begin, end)]
        return end, [] if len(tco[1]) > _MAX_TCO_SLUG else [(begin, _query_end(text, tco.end()))]
    links = _bare_domains(text, start, domain_end)
    if links and has_path:
        links[-1] = (links[-1][0], end)
    return end, links


def _path_end(text: str, start: int) -> int:
    """The end of the path at `start` without trailing punctuation; `start` when there is none.

    Parentheses end a path only right behind something that may end it too: that is how X reads them.
    """
    path = _PATH.match(text, start)
    if path is None:
        return start
    end = start
    for token in _PATH_TOKEN.finditer(text, start, path.end()):
        if token["end"] or (token["group"] and token.start() == end):
            end = token.end()
    return end


def _query_end(text: str, start: int) -> int:
    query = _QUERY.match(text, start)
    if query is None:
        return start
    kept = query[0].rstrip(_NOT_AT_QUERY_END)
    return start + len(kept)


def _bare_domains(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Without a protocol only the Latin parts of a domain are links: ``これはexample.com`` has one in it."""
    found: list[tuple[int, int]] = []
    position = start
    while (match := _BARE_LABELS.search(text, position, end)) is not None:
        position = match.end()
        first: int | None = None
        last_tld = 0
        for left, right in _split_at_dots(text, match.start(), match.end(), end):
            tld = _tld_end(text, left, end, end) if first is not None else 0
            if first is not None and tld:
                last_tld = tld
            if left == right:  # two dots, or one at the end: the chain of labels breaks
                if first is not None and last_tld:
                    break
                first = None
            elif first is None:
                first = left
        if first is not None and last_tld:
            found.append((first, last_tld))
            position = max(last_tld, first + 1)
    return found


def _split_at_dots(text: str, start: int, end: int, limit: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    left = start
    for part in text[start:end].split("."):
        spans.append((left, left + len(part)))
        left += len(part) + 1
    return spans


def _is_valid_domain(domain: str) -> bool:
    """Every label fits in DNS's 63 octets once it is written in ASCII."""
    if domain.startswith("xn--") and not _bare_domains(domain, 0, len(domain)):
        return False
    return all(0 < _ascii_length(label) <= _MAX_LABEL for label in domain.split("."))


def _ascii_length(label: str) -> int:
    """The length of `label` in punycode; over the limit as soon as that is certain."""
    if label.isascii() or len(label) > _MAX_LABEL:
        return len(label)
    parts = re.split("[\u3002\uff0e\uff61]", label)
    try:
        encoded = [part if part.isascii() else "xn--" + part.encode("punycode").decode("ascii") for part in parts]
    except UnicodeError:
        return _MAX_LABEL + 1
    return len(".".join(encoded))
