"""One gateway and one simulator for all tests of a module that change nothing in them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.kit import Field, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street() -> AsyncIterator[Field]:
    async with running() as field:
        yield field
