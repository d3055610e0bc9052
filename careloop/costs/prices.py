"""List prices, each with its source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chalicelib.core.errors import ConfigurationError

FILE = Path(__file__).with_name("prices.toml")
NAMES = (
    "api_requests",
    "lambda_requests",
    "lambda_gb_seconds",
    "queue_requests",
    "write_units",
    "read_units",
    "table_gb_months",
    "backup_gb_months",
    "objects",
    "object_gb_months",
    "log_gb",
    "metrics",
    "alarms",
    "dashboards",
    "traces",
    "secrets",
    "secret_calls",
    "keys",
    "key_requests",
    "schedule_events",
    "sent_gb",
)
"""What the model asks the price of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for ``per`` units. ``verified``: a dated public page with this very figure was read."""

    service: str
    dollars: float
    per: float
    unit: str
    verified: bool
    source: str

    def of(self, amount: float) -> float:
        """US dollars for `amount` units."""
        return amount * self.dollars / self.per


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """One region's, by name."""

    region: str
    read_on: date
    items: Mapping[str, Price]


def read_prices(path: Path = FILE) -> Prices:
    """The prices in `path`. Raises ConfigurationError with every problem."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    problems = [f"{name} is missing" for name in ("region", "read_on", *NAMES) if name not in data]
    problems += [f"{name} is not known" for name in data if name not in ("region", "read_on", *NAMES)]
    items: dict[str, Price] = {}
    for name in NAMES:
        try:
            items[name] = _price(data.get(name, {})) if name in data else items[name]
        except (KeyError, TypeError, ValueError) as error:
            if name in data:
                problems.append(f"{name}: {error}")
    if problems:
        raise ConfigurationError(f"{path}: {'; '.join(problems)}")
    return Prices(region=str(data["region"]), read_on=data["read_on"], items=items)


def _price(data: Mapping[str, Any]) -> Price:
    if set(data) != set(Price.__slots__):
        raise ValueError(f"needs {', '.join(Price.__slots__)}")
    if not data["dollars"] >= 0 or not data["per"] > 0:
        raise ValueError("dollars must not be negative, per must be positive")
    return Price(**data)
