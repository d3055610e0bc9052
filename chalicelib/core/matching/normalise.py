"""Identifiers as the contact index files them: one spelling for each mailbox, number and handle."""

from __future__ import annotations

import re
import unicodedata

_PLATFORMS = {"twitter": "x", "x.com": "x", "fb": "facebook", "ig": "instagram", "insta": "instagram"}
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]")
PROFILE_URL = re.compile(
    r"(?:https?://)?(?:www\.|m\.|mobile\.)?"
    r"(?:x|twitter|facebook|fb|instagram|t|telegram|tiktok|linkedin|youtube|threads|bsky|reddit|github)\."
    r"(?:com|me|net|app)/(?:(?:in|user|u|profile|c)/)?@?(?P<handle>[^/?#\s]+)/?(?:[?#].*)?"
)
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_MOST_VALUE = 200
_TAIL = 8


def plain(value: str) -> str:
    """NFKC (letters of mathematics and full width are letters) without what can't be seen, and no blanks around.
    Doing it twice changes nothing."""
    text = value
    for _ in range(4):
        if text.isascii():
            break
        following = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        if following == text:
            break
        text = following
    return text.strip()


def normalise_platform(value: str) -> str:
    """The name under which a platform is known here: "Twitter" is "x"."""
    text = value.strip().lower()
    return _PLATFORMS.get(text, text)


def normalise_email(value: str) -> str | None:
    """Lower case, no blanks; None when it is no address. Addresses that networks invent for their users are none."""
    text = plain(plain(value).lower()).strip("<>").rpartition("mailto:")[2]
    name, at, domain = text.rpartition("@")
    invented = domain == "facebook.com" or domain.endswith(".invalid")
    is_whole = bool(at and name) and "." in domain and not any(char.isspace() for char in text)
    return text if is_whole and not invented and len(text) <= _MOST_VALUE + 54 else None


def mailbox(email: str) -> str:
    """The mailbox behind a normalised address: less a tag ("kim+shop@")."""
    name, _, domain = email.rpartition("@")
    return f"{name.partition('+')[0] or name}@{domain}"


def loose_mailbox(email: str) -> str:
    """Like `mailbox`, and as Gmail delivers: dots in the name count for nothing."""
    name, _, domain = mailbox(email).rpartition("@")
    return f"{name.replace('.', '')}@gmail.com" if domain in _GMAIL else f"{name}@{domain}"


def normalise_phone(value: str, region: str = "") -> str | None:
    """E.164, from international notation; from national notation when `region` (ISO 3166) says whose it is. None for
    anything else, and for what is no possible number of that region."""
    text = plain(value).replace("(0)", "")
    if text.startswith("00"):
        text = "+" + text[2:]
    if not text.startswith("+"):
        return _of_region(text, region) if region else None
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    return f"+{digits}" if 8 <= len(digits) <= 15 and digits[0] != "0" else None


def _of_region(text: str, region: str) -> str | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text, region.upper())
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension or not phonenumbers.is_possible_number(parsed):
        return None
    return normalise_phone(str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)))


def phone_tail(value: str) -> str:
    """What a number's international and national notation share: its last eight digits."""
    return "".join(char for char in value if char in "0123456789")[-_TAIL:]


def is_national_form(digits: str, phone: str) -> bool:
    """Whether `digits`, as dialled within a country, are `phone` (E.164): less a trunk prefix they are all of it but
    the country's code."""
    for national in (digits, digits.removeprefix("0"), digits.removeprefix("8") if len(digits) == 11 else ""):
        if len(national) >= _TAIL and phone.endswith(national) and 1 <= len(phone) - 1 - len(national) <= 3:
            return True
    return False


def normalise_handle(value: str) -> str | None:
    """Lower case without the leading @; of a profile's address the handle in it."""
    text = plain(plain(value).lower()).lstrip("@")
    address = PROFILE_URL.fullmatch(text)
    if address is not None:
        text = address[1].lstrip("@")
    return text if text and not any(char.isspace() for char in text) else None


def normalise_number(value: str) -> str | None:
    """A customer number: upper case, letters and digits only."""
    text = plain(plain(plain(value).upper()).upper())
    return "".join(char for char in text if char.isalnum()) or None


def normalise_id(value: str) -> str | None:
    """As the platform writes it, less blanks around."""
    return value.strip() or None
