"""The job of `bench.contenders.bare` behind what people put in front of it: Powertools, FastAPI, Flask.

Each module has ``handler`` and shares `job`, so that the peers differ in nothing but the framework. What only they need
is installed by ``make bench`` (requirements-bench.txt) into a folder of its own, which comes last among the places
where Python looks: nothing else gets another version of anything.
"""

import sys
from pathlib import Path

INSTALLED = Path(__file__).resolve().parents[2] / ".venv" / "peers"

if str(INSTALLED) not in sys.path:
    sys.path.append(str(INSTALLED))
