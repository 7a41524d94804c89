"""One process of several that write one ledger: `python -m tests.ledger.contend LEDGER S RATE`.

Prints how long each commit took to be durable, in milliseconds, and every trouble.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from headgate.ledger.writer import Writer
from tests.ledger.rows import INTENT, entry

BURST = 8


async def write(ledger: Path, seconds: float, rate: float) -> tuple[list[float], list[str]]:
    troubles: list[str] = []
    writer = Writer(ledger, on_trouble=troubles.append)
    writer.start()
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    begun = time.monotonic()
    n = 0
    while (now := time.monotonic()) < begun + seconds:
        handles = [writer.intend(INTENT) for _ in range(BURST)]
        for handle in handles:
            writer.put(handle, entry(charged="house key:k_1", cost_nusd=5))
        await writer.durable()
        took.append((time.monotonic() - now) * 1000)
        n += BURST
        await asyncio.sleep(max(0.0, begun + n / rate - time.monotonic()))
    writer.close()
    return took, troubles


if __name__ == "__main__":
    found, said = asyncio.run(write(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
    print(json.dumps({"took_ms": found, "troubles": said, "rows": len(found) * BURST}))
