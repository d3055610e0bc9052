"""Graph API's errors to leaves of the error tree, as a table by code and subcode.

Sources: Graph API > Handle errors; Messenger Platform > Error codes (2026-06-25); Private replies (2026-04-16); Rate
limiting (2026-03-23). Only numbers are looked at: Meta's texts change, and may repeat what was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.connectors.platforms._meta.usage import usage_of
from chalicelib.connectors.toolkit.api import Refusal, retry_after
from chalicelib.connectors.toolkit.payload import Reader
from chalicelib.core.errors import (
    CareloopError,
    CredentialsError,
    NotAnswerableError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    RateLimitedError,
    RecipientUnreachableError,
    RejectedError,
    ReplyWindowClosedError,
    UnavailableError,
)
from chalicelib.ports.services import Clock, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error envelope. ``sending``: repeating the call could post twice."""

    code: int
    subcode: int | None
    transient: bool
    status: int
    sending: bool
    wait: float | None

    @property
    def name(self) -> str:
        """``10-2018278``: code, and subcode where there is one."""
        return f"{self.code}-{self.subcode}" if self.subcode is not None else str(self.code)


Make = Callable[[Problem], CareloopError]


def _credentials(advice: str, *, dead: bool = False) -> Make:
    return lambda found: CredentialsError(f"Graph {found.name}", advice=advice, remote_code=found.name, dead=dead)


def _not_answerable(advice: str) -> Make:
    return lambda found: NotAnswerableError(f"Graph {found.name}", advice=advice, remote_code=found.name)


def _window(found: Problem) -> CareloopError:
    advice = "Meta no longer takes an answer to this message: wait until the customer writes again."
    return ReplyWindowClosedError(f"Graph {found.name}", advice=advice, remote_code=found.name)


def _unreachable(found: Problem) -> CareloopError:
    advice = "The customer can't or does not want to receive messages from the account now: reach them another way."
    return RecipientUnreachableError(f"Graph {found.name}", advice=advice, remote_code=found.name)


def _gone(found: Problem) -> CareloopError:
    return NotFoundError(f"Graph {found.name}", remote_code=found.name)


def _rejected(found: Problem) -> CareloopError:
    return RejectedError(f"Graph {found.name}", remote_code=found.name)


def _limited(found: Problem) -> CareloopError:
    return RateLimitedError(f"Graph {found.name}", retry_after=found.wait)


def _temporary(found: Problem) -> CareloopError:
    """Meta's servers may have done what they say they could not, and there is no idempotency key."""
    if found.sending:
        return OutcomeUnknownError(f"Graph {found.name}")
    return UnavailableError(f"Graph {found.name}", retry_after=found.wait)


def _already_replied(found: Problem) -> CareloopError:
    """By an earlier attempt of ours, or by a person in Meta's inbox: the code does not tell."""
    advice = "This comment already has its one private reply: look into the inbox before you write again."
    return OutcomeUnknownError(f"Graph {found.name}", advice=advice)


_TOKEN = _credentials("The access token is no longer good: connect the account again.", dead=True)
_REMOVED = _credentials("The owner removed the app from the account: connect the account again.", dead=True)
_CHECKPOINT = _credentials(
    "Meta asks the person behind the token to log in on facebook.com and confirm something: do that, then connect the "
    "account again if it does not work by itself.",
    dead=True,
)
_PASSWORD = _credentials(
    "The person behind the token changed their password or was logged out: connect the account again, best with a "
    "system user's token.",
    dead=True,
)
_EXPIRED = _credentials("The access token has expired: connect the account again.", dead=True)
_PERMISSION = _credentials(
    "The access token lacks a permission or a review: check the app and connect the account again."
)
_PROFILE = _credentials("The app lacks the Business Asset User Profile Access feature: names can't be looked up.")
_RESTRICTED = _not_answerable(
    "Meta restricts the account at the moment: look at its support inbox on Facebook or Instagram."
)
_ELSEWHERE = _not_answerable("Another app holds this thread: answer there, or take the thread over first.")
_AUTOMATED = _not_answerable("The thread is in Meta's automated questions and answers: answer in Meta's own inbox.")
_NO_PRIVATE_REPLY = _not_answerable("Meta allows no private reply to this one: answer in public.")
_NOT_LINKED = _credentials(
    "Instagram account and Facebook page are no longer linked, or Meta asks for a confirmation: look into the page's "
    "settings, then connect the account again."
)
_MESSAGES_OFF = _credentials(
    "The account's owner does not let apps read its messages: switch it on in the Instagram app, Settings > Messages > "
    "Connected tools."
)
_NOT_ELIGIBLE = _credentials("Instagram does not open this account to apps: it must be a public professional account.")
_NO_MESSAGING = _not_answerable("Messaging is switched off for this account: answer in public, or switch it on.")

BY_CODE: Mapping[tuple[int | None, int | None], Make] = {
    # token
    (190, None): _TOKEN,
    (190, 458): _REMOVED,
    (190, 459): _CHECKPOINT,
    (190, 460): _PASSWORD,
    (190, 463): _EXPIRED,
    (190, 464): _CHECKPOINT,
    (102, None): _TOKEN,
    (450, None): _TOKEN,
    (452, None): _TOKEN,
    (2500, None): _credentials("The call reached no account: the access token or the API version is missing or wrong."),
    # permission; 200 to 299 are in `_make`
    (3, None): _PERMISSION,
    (10, None): _PERMISSION,
    (None, 2018247): _PROFILE,
    # limits
    (4, None): _limited,
    (17, None): _limited,
    (32, None): _limited,
    (613, None): _limited,
    (80001, None): _limited,
    (80002, None): _limited,
    (80006, None): _limited,
    (80008, None): _limited,
    # temporary
    (1, None): _temporary,
    (2, None): _temporary,
    (341, None): _temporary,
    # gone
    (100, 33): _gone,
    (100, 2018001): _gone,
    (None, 2018218): _gone,
    (100, 2534025): _gone,
    (9000001, None): _gone,
    (9010, None): _gone,
    (None, 33): _gone,
    (None, 9000001): _gone,
    # refused
    (100, None): _rejected,
    (506, None): _rejected,
    (1609005, None): _rejected,
    (368, None): _RESTRICTED,
    (2022, None): _RESTRICTED,
    (10, 1893063): _RESTRICTED,
    # private replies
    (10900, None): _already_replied,
    (10903, None): _NO_PRIVATE_REPLY,
    (10904, None): _NO_MESSAGING,
    # Messenger
    (10, 2018278): _window,
    (10, 2534022): _window,
    (10, 2018065): _window,
    (10, 2018108): _unreachable,
    (551, None): _unreachable,
    (200, 1545041): _unreachable,
    (2018300, None): _ELSEWHERE,
    (None, 2018300): _ELSEWHERE,
    (100, 2534037): _ELSEWHERE,
    # Instagram
    (100, 2534013): _NOT_LINKED,
    (10, 2534077): _NOT_LINKED,
    (200, 2534041): _MESSAGES_OFF,
    (100, 2534029): _RESTRICTED,
    **{(code, None): _RESTRICTED for code in (2207050, 2207051)},
    **{(None, code): _RESTRICTED for code in (2207050, 2207051)},
    (36103, None): _NOT_ELIGIBLE,
    (None, 36103): _NOT_ELIGIBLE,
    (2018321, None): _AUTOMATED,
    (None, 2018321): _AUTOMATED,
}
"""(code, subcode) -> leaf. None stands for any; the more exact line counts."""


def refusal(clock: Clock, *, sending: bool) -> Refusal:
    """The table as `ApiClient` takes it. ``sending``: for calls that must not be repeated."""

    def refuse(response: HttpResponse, body: Reader | None) -> None:
        found = _read(response, body, clock, sending)
        if found is not None:
            raise _make(found)

    return refuse


def dead_token(subcode: str | None) -> CareloopError:
    """What Meta means that says of a token that it is not valid, and maybe why."""
    found = Problem(code=190, subcode=_number(subcode), transient=False, status=400, sending=False, wait=None)
    return _make(found)


def _make(found: Problem) -> CareloopError:
    for key in ((found.code, found.subcode), (None, found.subcode), (found.code, None)):
        make = BY_CODE.get(key) if key != (None, None) else None
        if make is not None:
            return make(found)
    if found.status == 429:
        return _limited(found)
    if found.transient or found.status >= 500:
        return _temporary(found)
    return _PERMISSION(found) if 200 <= found.code <= 299 else _rejected(found)


def _read(response: HttpResponse, body: Reader | None, clock: Clock, sending: bool) -> Problem | None:
    """The error envelope, or None when the body has none (then the status decides)."""
    try:
        error = body.find("error") if body is not None else None
        if error is None:
            return None
        code, subcode = error.find_id("code"), error.find_id("error_subcode")
        transient = error.find_bool("is_transient") or False
    except PayloadError:
        return None
    if code is None:
        return None
    usage = usage_of(response.headers)
    return Problem(
        code=_number(code) or 0,
        subcode=_number(subcode),
        transient=transient,
        status=response.status,
        sending=sending,
        wait=usage.wait or retry_after(response, clock),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and len(text) < 12 and text.isdecimal() else None
