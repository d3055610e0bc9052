"""Stage: author -> contact. Enrichment: it may fail without losing the message."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.errors import CareloopError
from chalicelib.core.events import Visibility
from chalicelib.core.matching import clues_in_message, clues_of, decide, match_identity
from chalicelib.core.people import Author, Candidate, Clue, Contact, ContactMatch, Identity, Verdict
from chalicelib.pipeline.alarms import notice, of_connection
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import PlatformSpec

CRM_DOWN = "The CRM could not be asked; it will be asked again with the next message."


def match_author(
    runtime: Runtime, account: Account, spec: PlatformSpec, author: Author, text: str, visibility: Visibility
) -> ContactMatch:
    """The contact behind `author`, by what is remembered, else by exact clues in the account's CRMs."""
    terms = spec.capabilities.terms
    if terms.may_match_crm:
        known = runtime.stores.identities.find_identity(author.key)
        if known is not None:
            return match_identity(known)
    policy = runtime.policy
    clues = clues_of(author, clues_in_message(text, visibility, policy), terms, policy)
    if not clues.items or not account.crms:
        return ContactMatch(verdict=Verdict.UNKNOWN)
    contacts: list[Contact] = []
    down = False
    for name in account.crms:
        try:
            contacts += runtime.connectors.crm(name).find_contacts(clues)
        except CareloopError as error:
            down = True
            notice(runtime, of_connection(ConnectionKind.CRM, name), error)
            runtime.telemetry.log("match", "failed", connector=name, error_code=error.code)
    match = decide(author, clues, contacts)
    if down:
        # with a CRM silent, "only one fits" is not known: somebody else might fit there
        return replace(_demoted(match), note=CRM_DOWN)
    return match


def _demoted(match: ContactMatch) -> ContactMatch:
    if match.verdict is not Verdict.LINKED or match.contact is None:
        return match
    candidate = Candidate(contact=match.contact, evidence=match.evidence)
    return ContactMatch(verdict=Verdict.SUGGESTED, candidates=(candidate,))


def new_clues(runtime: Runtime, match: ContactMatch, text: str, visibility: Visibility) -> tuple[Clue, ...]:
    """What a later message adds: identifiers told in private while we do not know who it is."""
    if match.verdict is Verdict.LINKED:
        return ()
    return clues_in_message(text, visibility, runtime.policy)


def identity_of(author: Author, match: ContactMatch, runtime: Runtime) -> Identity | None:
    """What to remember of a certain match."""
    if match.verdict is not Verdict.LINKED or match.contact is None:
        return None
    if any(item.source == "link" for item in match.evidence):
        return None
    return Identity(
        author=author.key,
        contact=match.contact.ref,
        contact_name=match.contact.name,
        decided_by="careloop",
        decided_at=runtime.clock.now(),
        why="; ".join(f"{item.what} ({item.source})" for item in match.evidence),
    )


def match_detail(match: ContactMatch) -> dict[str, str]:
    """The match for the ledger: verdict, contact, kinds of evidence; not the values, which are personal."""
    detail = {"match": match.verdict.value}
    if match.contact is not None:
        detail["contact"] = str(match.contact.ref)
    if match.evidence:
        detail["evidence"] = "; ".join(f"{item.what.partition(' ')[0]} ({item.source})" for item in match.evidence)
    return detail
