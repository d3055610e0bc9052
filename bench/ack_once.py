"""One fresh process of one contender: ``python -m bench.ack_once MODULE CALLS``, events on standard input.

Prints processor milliseconds: ``cold`` for the import and the first webhook, ``warm`` for one webhook after that (the
median of groups), and the answers' status. What a handler itself prints goes nowhere.
"""

import sys
import time

begin = time.process_time()

from importlib import import_module  # noqa: E402

GROUP = 20


class Context:
    """As much of Lambda's context as handlers ask for."""

    function_name = "careloop-bench"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:careloop-bench"
    memory_limit_in_mb = 512
    aws_request_id = "00000000-0000-0000-0000-000000000000"
    log_group_name = "/aws/lambda/careloop-bench"
    log_stream_name = "bench"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def main(module: str, calls: int) -> None:
    """Measure and print."""
    import io
    import json
    import os

    events = json.loads(sys.stdin.readline())
    out, sys.stdout = sys.stdout, io.TextIOWrapper(open(os.devnull, "wb"), write_through=True)  # noqa: SIM115
    before_import = time.process_time()
    handler = import_module(module).handler
    imported = time.process_time()
    statuses = [handler(events[0], Context())["statusCode"]]
    cold = time.process_time()
    warm = []
    for start in range(1, calls - GROUP + 2, GROUP):
        group = events[start : start + GROUP]
        then = time.process_time()
        statuses += [handler(event, Context())["statusCode"] for event in group]
        warm.append((time.process_time() - then) / len(group))
    warm.sort()
    found = {
        "start": before_import - begin,
        "import": imported - before_import,
        "first": cold - imported,
        "cold": cold - begin,
        "warm": warm[len(warm) // 2] if warm else 0.0,
    }
    out.write(json.dumps({**{name: value * 1000 for name, value in found.items()}, "statuses": sorted(set(statuses))}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
