"""Which accounts, connections and endpoints there are. Every message asks, so answers are remembered for a minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.adapters.records import keys
from chalicelib.adapters.records.documents import Remembered, document, read
from chalicelib.core.account import Account, Connection, Endpoint
from chalicelib.core.errors import ConfigurationError
from chalicelib.core.ids import AccountKey
from chalicelib.ports.services import Clock
from chalicelib.ports.table import Key, Put, Table

if TYPE_CHECKING:
    from chalicelib.core.matching.weights import Weights
    from chalicelib.core.policy import CarePolicy

T = TypeVar("T")
FRESH = timedelta(minutes=1)
_ANSWERS = 2000
_PAGE = 500


class RecordDirectory:
    """Implements ports.stores.Directory. ``fresh``: for how long an answer is good, also "there is none"; another
    process's change is seen that much later."""

    def __init__(self, table: Table, clock: Clock, fresh: timedelta = FRESH) -> None:
        self._table = table
        self._clock = clock
        self._fresh = fresh
        self._answers: Remembered[Key, tuple[datetime, Any]] = Remembered(_ANSWERS)

    def find_endpoint(self, kind: str, connector: str, name: str) -> Endpoint | None:
        return self._find(Endpoint, keys.endpoint(kind, connector, name))

    def get_account(self, key: AccountKey) -> Account:
        found = self._find(Account, keys.account(key))
        if found is None:
            raise ConfigurationError(f"account {key} is not in the directory")
        return found

    def get_connection(self, kind: str, name: str) -> Connection:
        found = self._find(Connection, keys.connection(kind, name))
        if found is None:
            raise ConfigurationError(f"{kind} {name} is not in the directory")
        return found

    def accounts(self) -> Sequence[Account]:
        return self._all(Account, keys.ACCOUNT)

    def connections(self) -> Sequence[Connection]:
        return self._all(Connection, keys.CONNECTION)

    def endpoints(self) -> Sequence[Endpoint]:
        return self._all(Endpoint, keys.ENDPOINT)

    def put_account(self, account: Account) -> None:
        self._put(keys.account(account.key), account)

    def put_connection(self, connection: Connection) -> None:
        self._put(keys.connection(connection.kind, connection.name), connection)

    def put_endpoint(self, endpoint: Endpoint) -> None:
        self._put(keys.endpoint(endpoint.kind, endpoint.connector, endpoint.name), endpoint)

    def policy(self) -> CarePolicy:
        from chalicelib.core.policy import CarePolicy  # the public function never asks

        return self._find(CarePolicy, keys.policy()) or CarePolicy()

    def put_policy(self, policy: CarePolicy) -> None:
        self._put(keys.policy(), policy)

    def match_weights(self) -> Weights | None:
        from chalicelib.core.matching.weights import Weights  # nor for this

        return self._find(Weights, keys.match_weights())

    def put_match_weights(self, weights: Weights) -> None:
        self._put(keys.match_weights(), weights)

    def _find(self, cls: type[T], key: Key) -> T | None:
        now = self._clock.now()
        answer = self._answers.find(key)
        if answer is None or not answer[0] <= now < answer[0] + self._fresh:
            stored = self._table.get([key]).get(key)
            answer = (now, read(cls, stored) if stored else None)
            self._answers.keep(key, answer)
        found: T | None = answer[1]
        return found

    def _all(self, cls: type[T], prefix: str) -> Sequence[T]:
        found: list[T] = []
        after: str | None = None
        while True:
            page = self._table.query(keys.DIRECTORY, prefix=prefix, after=after, limit=_PAGE)
            found += [read(cls, item) for _, item in page]
            if len(page) < _PAGE:
                return found
            after = page[-1][0][1]

    def _put(self, key: Key, value: Account | Connection | Endpoint | CarePolicy | Weights) -> None:
        self._table.write([Put(key=key, item={"doc": document(value)})])
        self._answers.forget(key)
