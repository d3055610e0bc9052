"""Stage: a private message may answer our question for a number. What comes of it is counted, and told to agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.core.asking import BY_ANSWER, counts_as_answer, wrong_number_note
from chalicelib.core.case import Case
from chalicelib.core.events import InboundMessage, Visibility
from chalicelib.core.ids import AuthorKey, ConversationKey
from chalicelib.core.people import ContactMatch, Identity, Verdict
from chalicelib.core.placing import conversation_for
from chalicelib.core.questions import Asked, Asking
from chalicelib.core.ticket import Comment
from chalicelib.pipeline.work import Work, entry_id, note
from chalicelib.ports.stores import Write
from chalicelib.ports.writes import SaveAsking


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a message means to the question that it answers. ``is_last``: nothing more counts as an answer to it."""

    question: Asked
    is_last: bool
    writes: tuple[Write, ...]
    note: Comment | None = None


def question_of(event: InboundMessage, case: Case | None) -> Asked | None:
    """The question that `event` may answer with a bare number."""
    if case is None:
        return None
    is_private = event.visibility is Visibility.PRIVATE
    return case.asked if counts_as_answer(case.asked, conversation_for(event), is_private, event.sent_at) else None


def answer_of(work: Work, question: Asked | None, match: ContactMatch) -> Answer | None:
    """For a message that told identifiers: right, or one wrong answer more."""
    if question is None:
        return None
    asking = work.runtime.stores.identities.find_asking(question.author) or Asking(author=question.author)
    if match.verdict is Verdict.LINKED:
        writes = (SaveAsking(asking=replace(asking, wrong=0)),) if asking.wrong else ()
        return Answer(question=question, is_last=True, writes=writes)
    wrong, most = asking.wrong + 1, work.runtime.policy.ask_most_wrong
    return Answer(
        question=question,
        is_last=wrong >= most,
        writes=(SaveAsking(asking=replace(asking, wrong=wrong)),),
        note=note(wrong_number_note(wrong, most), entry_id(work.envelope.key, "answer")),
    )


def with_answer(case: Case, answer: Answer | None) -> Case:
    """The case after it."""
    asked = case.asked
    if answer is None or not answer.is_last or asked is None or asked.key != answer.question.key:
        return case
    return replace(case, asked=replace(asked, answered=True))


def follows(asked: Asked | None, keys: Mapping[ConversationKey, ConversationKey], author: AuthorKey) -> Asked | None:
    """The question after its conversation got another name, with an author who goes by `author` now."""
    if asked is None or asked.conversation not in keys:
        return asked
    return replace(asked, conversation=keys[asked.conversation], author=author)


def by_answer(identity: Identity | None, answer: Answer | None) -> Identity | None:
    """Who decided, where the customer's answer did."""
    return replace(identity, decided_by=BY_ANSWER) if identity is not None and answer is not None else identity
