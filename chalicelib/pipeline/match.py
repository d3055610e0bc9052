"""Stage: author -> contact. Enrichment: it may fail without losing the message.

What was settled comes first: a remembered contact, or an agent's word that this is no customer. Else the account's CRMs
are asked by exact keys (their mirror in the contact index where there is one), and `core.matching` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.core.account import Account, ConnectionKind
from chalicelib.core.errors import CareloopError
from chalicelib.core.events import InboundMessage
from chalicelib.core.ids import ContactRef
from chalicelib.core.matching.types import Claim, MatchSettings, Said, Subject
from chalicelib.core.people import Author, ContactMatch, Identity, Verdict
from chalicelib.core.policy import CarePolicy
from chalicelib.core.who import CARELOOP, KNOWN_LINK, as_suggested, kept, known_match, no_customer
from chalicelib.pipeline.alarms import notice, of_connection
from chalicelib.pipeline.contact_reads import reads_of
from chalicelib.ports.identities import KnownAuthor
from chalicelib.ports.runtime import Runtime
from chalicelib.ports.spec import PlatformSpec

CRM_DOWN = "The CRM could not be asked; it will be asked again with the next message."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom to find, and in which CRMs. ``told``: identifiers from earlier messages of the conversation."""

    account: Account
    spec: PlatformSpec
    author: Author
    said: tuple[Said, ...] = ()
    told: tuple[Claim, ...] = ()


def said_in(event: InboundMessage, *, is_answer: bool = False) -> Said:
    """A message as matching sees it."""
    return Said(text=event.text, visibility=event.visibility, is_answer=is_answer)


def settings_of(policy: CarePolicy) -> MatchSettings:
    """What the policy says of matching."""
    return MatchSettings(
        region=policy.default_region,
        number_patterns=policy.customer_number_patterns,
        own_addresses=policy.public_contacts,
    )


def claims_of(runtime: Runtime, said: Sequence[Said]) -> tuple[Claim, ...]:
    """The identifiers in messages."""
    from chalicelib.core.matching import claims_in

    return claims_in(said, settings_of(runtime.policy))


def match_author(runtime: Runtime, asked: Asked) -> ContactMatch:
    """The contact behind an author: what was settled, else what the CRMs know."""
    return match_known(runtime, asked)[0]


def match_known(runtime: Runtime, asked: Asked) -> tuple[ContactMatch, KnownAuthor]:
    """As `match_author`, with what was remembered of the author."""
    known = runtime.stores.identities.know(asked.author.key)
    return settled(known) or look_up(runtime, asked, ruled_out(known)), known


def settled(known: KnownAuthor) -> ContactMatch | None:
    """The match that was decided before; None: nothing was."""
    if known.identity is not None:
        return known_match(known.identity)
    refused = next((item for item in reversed(known.rejections) if item.contact is None), None)
    return no_customer(refused) if refused is not None else None


def ruled_out(known: KnownAuthor) -> frozenset[ContactRef]:
    """The contacts that agents said an author is not."""
    return frozenset(item.contact for item in known.rejections if item.contact is not None)


def look_up(runtime: Runtime, asked: Asked, excluded: frozenset[ContactRef]) -> ContactMatch:
    """Ask the CRMs. Where the platform's terms forbid matching, only by what was given to us directly."""
    from chalicelib.core.matching import DEFAULT_WEIGHTS, combine, match

    terms = asked.spec.capabilities.terms
    if not runtime.policy.crm_may_match or not asked.account.crms or not terms.may_match_told:
        return ContactMatch(verdict=Verdict.UNKNOWN)
    subject = Subject(author=asked.author, messages=asked.said, claims=asked.told, ruled_out=excluded)
    settings = settings_of(runtime.policy)
    weights = runtime.stores.directory.match_weights() or DEFAULT_WEIGHTS
    direct_only = not terms.may_match_crm
    found: list[ContactMatch] = []
    for name in asked.account.crms:
        try:
            reads = reads_of(runtime, name)
            found.append(match(subject, reads, settings, crm=name, direct_only=direct_only, weights=weights))
        except CareloopError as error:
            notice(runtime, of_connection(ConnectionKind.CRM, name), error)
            runtime.telemetry.log("match", "failed", connector=name, error_code=error.code)
        except Exception as error:  # a name that nobody thought of must not hold up the message
            runtime.telemetry.log("match", "bug", connector=name, error_code=type(error).__name__)
            runtime.telemetry.count("bugs", queue="inbound")
    result = kept(combine(found)) if found else ContactMatch(verdict=Verdict.UNKNOWN)
    if len(found) < len(asked.account.crms):
        # with a CRM silent, "only one fits" is not known: somebody else might fit there
        return replace(as_suggested(result), note=CRM_DOWN)
    return result


def is_incomplete(match: ContactMatch) -> bool:
    """A CRM was down: it is to be asked again."""
    return match.note == CRM_DOWN


def identity_of(author: Author, match: ContactMatch, runtime: Runtime) -> Identity | None:
    """What to remember of a certain match."""
    if match.verdict is not Verdict.LINKED or match.contact is None:
        return None
    if any(item.source == KNOWN_LINK for item in match.evidence):
        return None
    return Identity(
        author=author.key,
        contact=match.contact.ref,
        contact_name=match.contact.name,
        decided_by=CARELOOP,
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
