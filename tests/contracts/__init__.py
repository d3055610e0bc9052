"""The contract suites. Their helpers assert as tests do, so they show what differed."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.contracts.{name}" for name in ("calling", "cases", "connections", "desks", "platforms", "sheets")),
    "tests.fakes.http",
)
