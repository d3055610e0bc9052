"""The pages behind a link: a form, thanks, and what a link that is no good shows. Pure; nothing a visitor typed is ever
shown again, and nothing here tells whether it was right.

No scripts, no other resources, one style by its hash: see `HEADERS`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from types import MappingProxyType

from chalicelib.core.links import Told

STYLE = (
    "body{font:1.05rem/1.5 system-ui,sans-serif;color:#1c1c1c;background:#fff;max-width:34rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.5rem;line-height:1.25}label{display:block;margin-top:1.1rem;font-weight:600}"
    "fieldset{border:1px solid #767676;border-radius:.4rem;margin:1.4rem 0 0;padding:.4rem 1rem 1.2rem}"
    "legend{font-weight:600;padding:0 .4rem}input{font:inherit;color:inherit;background:#fff;width:100%;"
    "box-sizing:border-box;padding:.6rem;border:1px solid #595959;border-radius:.3rem;margin-top:.25rem}"
    "button{font:inherit;font-weight:600;margin-top:1.6rem;padding:.75rem 1.5rem;border:0;border-radius:.3rem;"
    "color:#fff;background:#0b4f9e;cursor:pointer}input:focus-visible,button:focus-visible{outline:3px solid #b45309;"
    "outline-offset:2px}.missing{border-left:.3rem solid #a4000f;padding-left:.8rem}.small{font-size:.92rem;"
    "color:#4a4a4a}"
)

_INPUTS: Mapping[Told, str] = {
    Told.NUMBER: 'type="text" maxlength="60" autocomplete="off" spellcheck="false" autocapitalize="characters"',
    Told.EMAIL: 'type="email" maxlength="254" autocomplete="email"',
    Told.PHONE: 'type="tel" maxlength="40" autocomplete="tel"',
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Who are you?",
        "why": "{brand} asks you this so that the right customer record is found for your message.",
        "name": "First and family name",
        "one": "One of these is enough",
        "only": "And this",
        "number": "Order or customer number",
        "email": "E-mail address that we have from you",
        "phone": "Phone number that we have from you",
        "send": "Send",
        "privacy": "What you write here is used to find your record, and for nothing else. The link is good for one "
        "answer. We never ask for passwords or card numbers.",
        "missing": "Please write your name, and at least one of the others.",
        "thanks": "Thank you.",
        "received": "We have received what you wrote. We go on in our conversation; you can close this page.",
        "gone": "This link is not good any more.",
        "again": "It may have ended, or a part of it is missing. Please write to us in our conversation.",
        "later": "That did not work just now.",
        "soon": "Please send it again in a few minutes.",
    },
    "de": {
        "title": "Wer sind Sie?",
        "why": "{brand} fragt Sie das, damit zu Ihrer Nachricht der richtige Kundendatensatz gefunden wird.",
        "name": "Vor- und Nachname",
        "one": "Eine dieser Angaben genügt",
        "only": "Und diese Angabe",
        "number": "Bestell- oder Kundennummer",
        "email": "E-Mail-Adresse, die wir von Ihnen haben",
        "phone": "Telefonnummer, die wir von Ihnen haben",
        "send": "Absenden",
        "privacy": "Was Sie hier schreiben, dient allein dazu, Ihren Datensatz zu finden. Der Link gilt für eine "
        "Antwort. Nach Passwörtern oder Kartennummern fragen wir nie.",
        "missing": "Bitte schreiben Sie Ihren Namen und mindestens eine der anderen Angaben.",
        "thanks": "Vielen Dank.",
        "received": "Ihre Angaben sind angekommen. Wir schreiben Ihnen in unserer Unterhaltung weiter; diese Seite "
        "können Sie schließen.",
        "gone": "Dieser Link gilt nicht mehr.",
        "again": "Er ist abgelaufen, oder ein Teil davon fehlt. Bitte schreiben Sie uns in unserer Unterhaltung.",
        "later": "Das hat gerade nicht geklappt.",
        "soon": "Bitte senden Sie es in einigen Minuten noch einmal ab.",
    },
}


@cache
def headers() -> Mapping[str, str]:
    """What every page is sent with: nothing else may be loaded, kept, framed, found or told of."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return MappingProxyType(
        {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow, noarchive",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Strict-Transport-Security": "max-age=31536000",
        }
    )


def form(brand: str, language: str, fields: tuple[Told, ...], *, missing: bool = False) -> str:
    """The form. ``missing``: it was sent without what is needed."""
    words = _words(language)
    alert = f'<p class="missing" role="alert">{words["missing"]}</p>' if missing else ""
    inputs = "".join(
        f'<label for="{kind}">{words[kind]}</label><input id="{kind}" name="{kind}" {_INPUTS[kind]}'
        f"{' required' if len(fields) == 1 else ''}>"
        for kind in fields
    )
    legend = words["only"] if len(fields) == 1 else words["one"]
    body = (
        f"<p>{words['why'].format(brand=escape(brand))}</p>{alert}"
        '<form method="post" accept-charset="utf-8">'
        f'<label for="name">{words["name"]}</label>'
        '<input id="name" name="name" type="text" maxlength="120" autocomplete="name" required>'
        f"<fieldset><legend>{legend}</legend>{inputs}</fieldset>"
        f'<p class="small">{words["privacy"]}</p><button type="submit">{words["send"]}</button></form>'
    )
    return _page(language, words["title"], body)


def thanks(language: str) -> str:
    """The same for every answer."""
    words = _words(language)
    return _page(language, words["thanks"], f"<p>{words['received']}</p>")


def gone(language: str) -> str:
    """The same for every link that is no good."""
    words = _words(language)
    return _page(language, words["gone"], f"<p>{words['again']}</p>")


def later(language: str) -> str:
    """What was sent could not be kept."""
    words = _words(language)
    return _page(language, words["later"], f"<p>{words['soon']}</p>")


def _words(language: str) -> Mapping[str, str]:
    return _WORDS.get(language, _WORDS["en"])


def _page(language: str, title: str, body: str) -> str:
    code = language if language in _WORDS else "en"
    return (
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
