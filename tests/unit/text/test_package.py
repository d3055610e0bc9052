"""What importing costs: functions pay for what they use."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINT_NEW_MODULES = "import sys; before = set(sys.modules); {}; print(*sorted(set(sys.modules) - before))"


def loaded_by(statement):
    result = subprocess.run(
        [sys.executable, "-c", PRINT_NEW_MODULES.format(statement)], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "module", ["", ".normalise", ".length", ".split", ".facets", ".clean", ".private_data", ".identifiers"]
)
def test_importing_does_not_load_the_regex_package_or_large_tables(module):
    loaded = loaded_by(f"import chalicelib.core.text{module}")
    assert f"chalicelib.core.text{module}" in loaded
    assert not loaded & {"regex", "html", "html.entities", "chalicelib.core.text._tlds", "chalicelib.core.text._emoji"}


def test_plain_text_is_measured_without_the_regex_package():
    statement = (
        "from chalicelib.core.text.length import *; "
        "[text_length('Grüße, 日本 ✓ acme.com', unit) for unit in LengthUnit if unit is not LengthUnit.GRAPHEMES]"
    )
    assert "regex" not in loaded_by(statement)
    assert "regex" in loaded_by(
        "from chalicelib.core.text.length import *; text_length('e\\u0301', LengthUnit.GRAPHEMES)"
    )
