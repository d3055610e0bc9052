"""Asking a customer in private who they are: whether it may be, what counts as an answer, what agents are told. Pure.

A question is asked in private only, and answered by a form behind a signed link or by a number in the private
conversation. What comes of it is told to agents, never to the customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core.guard import Hold
from chalicelib.core.ids import AuthorKey, CaseId, ContactRef, ConversationKey, digest
from chalicelib.core.links import Told
from chalicelib.core.people import ContactMatch, Verdict
from chalicelib.core.questions import LANGUAGES, AskBy, Asked, Asking
from chalicelib.core.who import match_lines

COMMAND = "/ask"
CARELOOP = "careloop"
BY_ANSWER = "careloop (customer's own answer)"
ANSWER_COUNTS_FOR = timedelta(days=7)
"""For so long after a question for a number a bare number in the same conversation is taken for its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an agent wrote behind the command. None: as the policy says, in the customer's language."""

    how: AskBy | None = None
    language: str | None = None
    problem: str = ""


def read_wish(argument: str) -> Wish:
    """``link``, ``question``, ``en``, ``de``, in any order."""
    how: AskBy | None = None
    language: str | None = None
    for word in argument.lower().split():
        if word in LANGUAGES:
            language = word
        elif word in tuple(AskBy):
            how = AskBy(word)
        else:
            return Wish(problem=f"{COMMAND} understands {', '.join((*AskBy, *LANGUAGES))}: nothing was asked.")
    return Wish(how=how, language=language)


def token_of(case: CaseId, author: AuthorKey, key: str) -> str:
    """What a question's link is known by: the same for every attempt to ask it, another for another author."""
    return digest(case, str(author), key, length=20)


def ask_key(entry: str) -> str:
    """The name of the reply that carries the question which an agent's entry asked for."""
    return f"{entry}~ask"


def thanks_key(question: str) -> str:
    """The name of the reply that thanks for an answer."""
    return question.removesuffix("~ask") + "~thanks"


def is_question(reply: str) -> bool:
    """Whether a delivery's reply is a question of ours, or its thanks: agents can't write it again."""
    return reply.endswith(("~ask", "~thanks"))


def may_be_asked(asking: Asking, most_wrong: int) -> Hold | None:
    """Whether this author may be asked at all."""
    if asking.opted_out_at is not None:
        return Hold(
            code="opted_out",
            reason="they do not want to be asked for their data",
            advice="Please don't ask. If you know who it is: /link and the contact's id in an internal note.",
        )
    if asking.wrong >= most_wrong:
        return Hold(
            code="too_many_answers",
            reason=f"{asking.wrong} answers did not match, and more could be guesses",
            advice="Find out in another way who it is, then: /link and the contact's id in an internal note.",
        )
    return None


def counts_as_answer(asked: Asked | None, conversation: ConversationKey, is_private: bool, at: datetime) -> bool:
    """Whether a message written at `at` may answer our question for a number, so that a bare value counts."""
    if asked is None or asked.how is not AskBy.QUESTION or asked.refused or asked.answered or not is_private:
        return False
    return conversation == asked.conversation and asked.at <= at <= asked.at + ANSWER_COUNTS_FOR


# -- notes for agents --------------------------------------------------------------------------------------------------

_TOLD = {Told.NUMBER: "order or customer number", Told.EMAIL: "e-mail address", Told.PHONE: "phone number"}


def asked_note(asked: Asked, title: str, posted: str) -> str:
    """The note when a question went out."""
    if asked.how is AskBy.LINK:
        what = f"a link to a form, good until {asked.expires_at:%Y-%m-%d %H:%M} UTC and for one answer"
    else:
        what = "a question for the order or customer number"
    who = "by itself, as the policy says" if asked.by == CARELOOP else f"for {asked.by}"
    return f"Asked the customer in private on {title} who they are, {who}: {what}.\n{posted}"


def unknown_question_note(title: str) -> str:
    """The note when nobody can tell whether the question was posted."""
    return (
        f"It is UNKNOWN whether our question reached the customer on {title}: the connection broke after sending.\n"
        f"Look there. If it is not there, write an internal note with {COMMAND}; if it is, there is nothing to do."
    )


def not_asked_note(title: str, hold: Hold) -> str:
    """The note when nothing was asked, and what else can be done."""
    return f"The customer on {title} was NOT asked who they are: {hold.reason}.\n{hold.advice}"


def answered_note(
    asked: Asked, match: ContactMatch, values: Mapping[str, str], numbers: Sequence[ContactRef] = ()
) -> str:
    """The note on what a customer filled in, and what came of it. ``numbers``: those of the suggestions."""
    told = ["They wrote:", *_answer_lines(values)]
    if match.verdict is Verdict.LINKED:
        head = "The customer said in private who they are; checked against the CRM, it matches."
        return "\n".join([head, *match_lines(match), *told])
    head = (
        "The customer said in private who they are; checked against the CRM, it did NOT match. They were not told so. "
        f"To ask again: {COMMAND}."
    )
    return "\n".join([head, *(match_lines(match, numbers) if match.candidates else ()), *told])


def wrong_number_note(wrong: int, most: int) -> str:
    """The note when a number that we asked for did not match."""
    head = "Checked against the CRM, the customer's answer did NOT match. They were not told so."
    if wrong < most:
        return f"{head} They may send another number; to ask again: {COMMAND}."
    return f"{head} That were {wrong} wrong answers: find out in another way who it is, then /link."


def late_answer_note(refused: Hold | None) -> str:
    """The note when an answer was not checked."""
    if refused is None:
        return "The customer also answered our question who they are. It was not checked: that is settled."
    return f"The customer answered our question who they are. It was NOT checked: {refused.reason}.\n{refused.advice}"


def _answer_lines(values: Mapping[str, str]) -> list[str]:
    lines = [f"  {_TOLD[kind]}: {values[kind]}" for kind in Told if values.get(kind)]
    return [*lines, *([f"  name: {values['name']}"] if values.get("name") else [])]
