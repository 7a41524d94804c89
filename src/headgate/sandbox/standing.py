"""What a sandbox stands on: asks this machine for its strongest containment.

Rule 1: nothing runs before the machine was asked, and what it answers is proved, not believed.
"""

from __future__ import annotations

import asyncio

from headgate.sandbox.foreman import Foreman
from headgate.sandbox.model import Isolation, Runtime
from headgate.sandbox.pool import Start
from headgate.sandbox.settings import Settings


async def stand(settings: Settings) -> tuple[Isolation, Start]:
    walls = Isolation("namespaces")

    async def start(runtime: Runtime) -> Foreman:
        return await Foreman.start(runtime, walls)

    return walls, start
