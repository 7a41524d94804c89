"""Runs SandboxFusion's own client against a URL and prints what it understood, as JSON.

Rule 1: it judges nothing: the test that starts it does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from importlib.metadata import version
from typing import Any

from sandbox_fusion import (  # type: ignore[import-not-found] # another environment's
    RunCodeRequest,
    run_code,
    run_code_async,
    set_endpoint,
)

READS = "import os, sys\nprint(open('in.txt').read(), input())\n"
MAKES = "open(os.path.join(os.environ['OUTPUT_DIR'], 'out.txt'), 'w').write('made')"


def ran(answer: Any) -> dict[str, Any]:
    run, build = answer.run_result, answer.compile_result
    return {
        "status": answer.status.value,
        "run": run and [run.status.value, run.return_code, run.stdout, run.stderr],
        "build": build and [build.status.value, build.return_code],
        "files": {name: base64.b64decode(it).decode() for name, it in answer.files.items()},
    }


def raised(request: Any) -> str:
    try:
        run_code(request, max_attempts=1)
    except Exception as error:  # noqa: BLE001 - what it is is what is asked
        return str(error)
    return ""


def main(url: str) -> dict[str, Any]:
    set_endpoint(url)
    found: dict[str, Any] = {"version": version("sandbox-fusion")}
    request = RunCodeRequest(
        code=READS + MAKES,
        language="python",
        stdin="typed",
        files={"in.txt": base64.b64encode(b"laid").decode()},
        fetch_files=["out.txt"],
    )
    found["whole"] = ran(run_code(request))
    wrong = RunCodeRequest(code="raise SystemExit(3)", language="python")
    found["failed"] = ran(run_code(wrong))
    hanging = RunCodeRequest(code="while True: pass", language="python", run_timeout=0.4)
    found["late"] = ran(run_code(hanging))
    script = RunCodeRequest(code="echo so", language="bash")
    found["bash"] = ran(asyncio.run(run_code_async(script)))
    found["unknown"] = raised(RunCodeRequest(code="x", language="cpp"))
    return found


print(json.dumps(main(*sys.argv[1:])))
