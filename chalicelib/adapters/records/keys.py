"""Where everything lives in the one table.

======================================  =================================  ==========================================
pk                                      sk                                 item
======================================  =================================  ==========================================
event|<event key>                       event                              ledger entry: doc, owner, lease_until,
                                                                           attempts, outcome; expires
recent|<account>|<YYYY-MM>              <first seen>|<digest>              event (its pk); expires with the entry
case|<case id>                          case                               doc, version
case|<case id>                          history|<completed>|<digest>       doc: a completed ledger entry; expires
case|<case id>                          delivery|<delivery key>            doc, status; expires
case|<case id>                          waiting|<number>                   doc: a message to be written with others
conversation|<conversation>             case                               case (id)
ticket|<ticket>                         case                               case (id); a merged ticket keeps its own
authors|<contact>                       <author>                           doc: an author who is linked to it, or was
cases|<author>                          <case id>                          case (id): each that they ever had
account|<account>                       open|<day>|<digest>                doc: a conversation of an open case; the day
                                                                           is that of its latest message
message|<message>                       message                            doc; expires
author|<author>                         identity                           doc: the contact it is linked to; contact
author|<author>                         person|<helpdesk>                  doc: the helpdesk's person
author|<author>                         rejected|<contact or *>            doc: what an agent ruled out
author|<author>                         told|<contact>|<key>               doc: an interaction that a CRM was told
examples                                <at>|<name>                        doc: what an agent's decision teaches
contacts|<crm>|<shard>                  <contact>                          doc, clues (its keys), beyond (of those where
                                                                           it is not listed), seal (of all this)
author|<author>                         asking                             doc: of asking them who they are; version
contact|<contact>                       open|<opened>|<case id>            case (id) while that is open
contact|<contact>                       open~                              case (id) that was opened last; expires
clue|<crm>|<kind>:<platform>:<value>    clue                               contacts (ids, at most 50), count of all
                                                                           holders where it is more than those
cursor|<name>                           cursor                             doc
session|<name>                          session                            doc, version
parked|<id>                             item                               doc, pieces, is_json, row (in the list)
parked|<id>                             body|<number>                      text: a piece of the body
parking                                 <parked at>|<id>                   item (its id)
remote|<name>                           remote                             doc, version
due                                     <at>|<id>                          doc: a job that waits for that time
alarms                                  <kind>|<subject>|<code>            doc: what is broken
health|<name>                           health                             doc: what a check remembers for the next
mark|<name>                             mark                               at: a sign of life; expires
audits                                  <id>: begins with its time         doc: a report
audit|<account>                         last                               report (id), seal: of the account's last
signed|<report id>                      <at>|<digest>                      doc: a sign-off
directory                               account|<account>                  doc
directory                               connection|<kind>|<name>           doc
directory                               endpoint|<kind>|<connector>|<..>   doc
directory                               policy                             doc
directory                               match                              doc: weights of the ranking of suggestions
======================================  =================================  ==========================================

A ``doc`` is JSON by core/codec. Ids go in as they are, except that those before the last are escaped (so that
("a:b", "c") and ("a", "b:c") differ) and that one which is very long, or no valid Unicode, is replaced by its digest.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache

from chalicelib.core.account import ConnectionKind
from chalicelib.core.ids import (
    AccountKey,
    AuthorKey,
    CaseId,
    ContactRef,
    ConversationKey,
    EventKey,
    MessageKey,
    TicketRef,
    digest,
)
from chalicelib.ports.table import Key

LONGEST = 200
"""Characters of an id that are kept; five ids and their prefixes stay below DynamoDB's 1,024 and 2,048 bytes."""
HISTORY = "history|"
DELIVERY = "delivery|"
WAITING = "waiting|"
OPEN = "open|"
OPENED = "open~"
"""Sorts behind all that begin with `OPEN`: a list from the newest on begins with it."""
OPEN_OR_OPENED = "open"
REJECTED = "rejected|"
PERSON = "person|"
IDENTITY = "identity"
LOGGED = "told|"
DIRECTORY = "directory"
EXAMPLES = "examples"
PARKING = "parking"
DUE = "due"
ALARMS = "alarms"
REPORTS = "audits"
SHARDS = 32
"""Partitions over which one CRM's contacts are spread."""
ACCOUNT, CONNECTION, ENDPOINT = "account|", "connection|", "endpoint|"

_ESCAPES = str.maketrans({"%": "%25", ":": "%3A", "|": "%7C"})


def tail(text: str) -> str:
    """An id at the end of a key. An overlong one, or one that is no Unicode, becomes "~" and its digest."""
    if 0 < len(text) <= LONGEST and text[0] != "~" and (text.isascii() or _is_unicode(text)):
        return text
    if len(text) <= LONGEST and _is_unicode(text):
        return f"~{text}"
    return "~" + digest(text, length=40)


def part(text: str) -> str:
    """An id inside a key: without the characters that separate parts."""
    return text if text.isalnum() and len(text) <= LONGEST else tail(text).translate(_ESCAPES)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _mark(*texts: str) -> str:
    """A short name for ids where a key needs no more than to differ; quicker than core's `digest`."""
    return hashlib.blake2b("\n".join(texts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def stamp(moment: datetime) -> str:
    """A time as text of constant length that sorts: UTC, microseconds. Raises ValueError for one without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def event(key: EventKey) -> Key:
    return f"event|{tail(key)}", "event"


def recent(account: AccountKey, first_seen_at: datetime, key: EventKey) -> Key:
    moment = stamp(first_seen_at)
    return recent_month(account, moment[:7]), f"{moment}|{_mark(key)}"


def recent_month(account: AccountKey, month: str) -> str:
    """The partition of one account's events of one month, "2026-11"."""
    return f"recent|{part(account.platform)}:{part(account.account)}|{month}"


def case(case_id: CaseId) -> Key:
    return f"case|{tail(case_id)}", "case"


def history(case_id: CaseId, completed_at: datetime, key: EventKey) -> Key:
    return case(case_id)[0], f"{HISTORY}{stamp(completed_at)}|{_mark(key)}"


def delivery(case_id: CaseId, key: str) -> Key:
    return case(case_id)[0], f"{DELIVERY}{tail(key)}"


def waiting(case_id: CaseId, number: int) -> Key:
    return case(case_id)[0], f"{WAITING}{number:010}"


def conversation(key: ConversationKey) -> Key:
    thread = key.thread
    account = thread.account
    where = f"{part(account.platform)}:{part(account.account)}:{part(thread.thread)}"
    return f"conversation|{where}:{tail(key.author)}", "case"


def ticket(ref: TicketRef) -> Key:
    return f"ticket|{part(ref.helpdesk)}:{tail(ref.ticket)}", "case"


def account_partition(account: AccountKey) -> str:
    """The partition of an account's open conversations."""
    return f"account|{part(account.platform)}:{tail(account.account)}"


def open_conversation(case_id: CaseId, key: ConversationKey, latest: datetime) -> Key:
    return account_partition(key.thread.account), f"{OPEN}{stamp(latest)[:10]}|{_mark(case_id, str(key))}"


def message(key: MessageKey) -> Key:
    return f"message|{part(key.account.platform)}:{part(key.account.account)}:{tail(key.message)}", "message"


def identity(author: AuthorKey) -> Key:
    return f"author|{part(author.platform)}:{tail(author.author)}", IDENTITY


def person(author: AuthorKey, helpdesk: str) -> Key:
    return identity(author)[0], f"{PERSON}{tail(helpdesk)}"


def asking(author: AuthorKey) -> Key:
    return identity(author)[0], "asking"


def contact_authors(ref: ContactRef) -> str:
    """The partition of the authors that are linked to a contact."""
    return f"authors|{part(ref.crm)}:{tail(ref.contact)}"


def contact_author(ref: ContactRef, author: AuthorKey) -> Key:
    return contact_authors(ref), f"{part(author.platform)}:{tail(author.author)}"


def author_cases(author: AuthorKey) -> str:
    """The partition of an author's cases."""
    return f"cases|{part(author.platform)}:{tail(author.author)}"


def author_case(author: AuthorKey, case_id: CaseId) -> Key:
    return author_cases(author), tail(case_id)


def rejection(author: AuthorKey, ruled_out: ContactRef | None) -> Key:
    return identity(author)[0], f"{REJECTED}{tail(str(ruled_out)) if ruled_out else '*'}"


def logged(author: AuthorKey, ref: ContactRef, key: str) -> Key:
    return identity(author)[0], f"{LOGGED}{part(str(ref))}|{tail(key)}"


def example(at: datetime, name: str) -> Key:
    return EXAMPLES, f"{stamp(at)}|{tail(name)}"


def contact(ref: ContactRef) -> Key:
    shard = hashlib.blake2b(ref.contact.encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] % SHARDS
    return contact_shard(ref.crm, shard), tail(ref.contact)


def contact_shard(crm: str, shard: int) -> str:
    """One of the partitions of a CRM's contacts: a partition of DynamoDB takes 1,000 write units a second."""
    return f"contacts|{part(crm)}|{shard:02}"


def contact_cases(ref: ContactRef) -> str:
    """The partition of a contact's open cases."""
    return f"contact|{part(ref.crm)}:{tail(ref.contact)}"


def contact_case(ref: ContactRef, opened_at: datetime, case_id: CaseId) -> Key:
    return contact_cases(ref), f"{OPEN}{stamp(opened_at)}|{tail(case_id)}"


def contact_opened(ref: ContactRef) -> Key:
    return contact_cases(ref), OPENED


def clue(crm: str, index_key: str) -> Key:
    return f"{_clues_of(crm)}{tail(index_key)}", "clue"


@lru_cache(maxsize=256)
def _clues_of(crm: str) -> str:
    return f"clue|{part(crm)}|"


def cursor(name: str) -> Key:
    return f"cursor|{tail(name)}", "cursor"


def session(name: str) -> Key:
    return f"session|{tail(name)}", "session"


def parked(item_id: str) -> Key:
    return f"parked|{tail(item_id)}", "item"


def parked_body(item_id: str, number: int) -> Key:
    return f"parked|{tail(item_id)}", f"body|{number:03}"


def remote(name: str) -> Key:
    return f"remote|{tail(name)}", "remote"


def due(at: datetime, item_id: str) -> Key:
    return DUE, f"{stamp(at)}|{tail(item_id)}"


def report(report_id: str) -> Key:
    return REPORTS, tail(report_id)


def last_report(key: AccountKey) -> Key:
    return f"audit|{part(key.platform)}:{tail(key.account)}", "last"


def sign_offs(report_id: str) -> str:
    """The partition of a report's sign-offs."""
    return f"signed|{tail(report_id)}"


def sign_off(report_id: str, at: datetime, by: str) -> Key:
    return sign_offs(report_id), f"{stamp(at)}|{_mark(by)}"


def alarm(alarm_id: str) -> Key:
    return ALARMS, tail(alarm_id)


def health(name: str) -> Key:
    return f"health|{tail(name)}", "health"


def mark(name: str) -> Key:
    return f"mark|{tail(name)}", "mark"


def parking(parked_at: datetime, item_id: str) -> Key:
    return PARKING, f"{stamp(parked_at)}|{tail(item_id)}"


def account(key: AccountKey) -> Key:
    return DIRECTORY, f"{ACCOUNT}{part(key.platform)}:{tail(key.account)}"


def connection(kind: ConnectionKind | str, name: str) -> Key:
    return DIRECTORY, f"{CONNECTION}{part(str(kind))}|{tail(name)}"


def endpoint(kind: ConnectionKind | str, connector: str, name: str) -> Key:
    return DIRECTORY, f"{ENDPOINT}{part(str(kind))}|{part(connector)}|{tail(name)}"


def policy() -> Key:
    return DIRECTORY, "policy"


def match_weights() -> Key:
    return DIRECTORY, "match"
