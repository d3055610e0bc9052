"""One container of one Lambda function: runs alone in a bare interpreter, with the function's unpacked package first on
the path and nothing of this environment.

``python -I -S container.py FOLDER HANDLER``; then one event as JSON per line on standard input, one answer per line on
standard output: {"result": ...} or {"error": name, "message": text}. What the function itself prints goes to standard
error, as its log.
"""

import importlib
import json
import os
import sys
import time
import uuid


class Context:
    """What Lambda hands to a function beside the event."""

    def __init__(self, seconds):
        self.aws_request_id = str(uuid.uuid4())
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:" + self.function_name
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = "/aws/lambda/" + self.function_name
        self.log_stream_name = "stream"
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self):
        return int(max(0.0, self._end - time.monotonic()) * 1000)


def main():
    folder, handler = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.path[0:0] = [folder]
    os.chdir(folder)
    module, _, name = handler.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    for line in sys.stdin:
        try:
            answer = {"result": function(json.loads(line), Context(60))}
        except Exception as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        sys.stdout.flush()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
