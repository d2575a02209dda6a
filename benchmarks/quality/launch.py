"""Run a command; print its seconds and its peak memory (GB) as JSON on the last line.

A program of its own, and a small one: the kernel counts a child's peak from what its parent held when it was
started, which is hundreds of megabytes for one that has imported torch.
"""

import json
import os
import subprocess
import sys
import time

started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "memory": usage.ru_maxrss / 2**20}), flush=True)
sys.exit(os.waitstatus_to_exitcode(status) and 1)
