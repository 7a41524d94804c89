"""The log of administrators over HTTP: every change is in it, once, under who asked for it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.gateway.admin.desk import Desk, opened, problem

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with opened() as found:
        for name in ("a", "b", "c"):
            await found.make("/admin/orgs", name=name)
        yield found


async def test_it_is_read_by_pages_actor_action_and_time_newest_first(desk: Desk) -> None:
    page = await desk.get("/admin/log?limit=2&action=organisation")
    names = [row["detail"]["name"] for row in page["data"]]
    assert names == ["c", "b"]
    rest = await desk.get(f"/admin/log?action=organisation.create&after={page['next']}")
    assert [row["detail"]["name"] for row in rest["data"]] == ["a"]
    assert rest["next"] is None
    assert (await desk.get("/admin/log?actor=nobody"))["data"] == []
    at = page["data"][0]["at"].replace("+", "%2B")
    since = (await desk.get(f"/admin/log?since={at}"))["data"]
    assert since[-1]["detail"]["name"] == "c"
    for wrong in (
        "after=x",
        "after=0",
        "since=2026-01-01",
        "limit=0",
        "limit=1&limit=2",
        "x=1",
    ):
        got = await desk.ask("GET", f"/admin/log?{wrong}")
        assert got.status == 400, wrong


async def test_a_refused_change_leaves_no_row(desk: Desk) -> None:
    before = await desk.deeds()
    reader = await desk.token("reader", "auditor")
    assert (await desk.ask("POST", "/admin/orgs", {"name": "x"}, reader)).status == 403
    assert (await desk.ask("POST", "/admin/orgs", {"name": "a"})).status == 409
    assert (await desk.ask("POST", "/admin/orgs", {"name": ""})).status == 400
    told = (await desk.deeds())[len(before) :]
    assert [action for _, action, _ in told] == ["token.create"]


async def test_every_change_of_many_at_once_is_in_it_once_and_the_chain_holds(
    desk: Desk,
) -> None:
    bodies = [{"name": f"at once {number}"} for number in range(20)]
    got = await asyncio.gather(*(desk.ask("POST", "/admin/orgs", body) for body in bodies))
    assert {each.status for each in got} == {201}
    subjects = [subject for _, _, subject in await desk.deeds()]
    assert all(subjects.count(f"organisation:{each.json['id']}") == 1 for each in got)
    found = await desk.get("/admin/log/verify")
    assert (found["whole"], found["broken"], found["rows"]) == (True, None, len(subjects))


async def test_verify_gives_an_anchor_takes_it_back_and_names_a_row_that_was_touched(
    desk: Desk,
) -> None:
    head = (await desk.get("/admin/log/verify"))["head"]
    await desk.make("/admin/orgs", name="later")
    assert (await desk.get(f"/admin/log/verify?anchor={head}"))["whole"]
    forged = head[:-1] + ("0" if head[-1] != "0" else "1")
    assert not (await desk.get(f"/admin/log/verify?anchor={forged}"))["whole"]
    wrong = await desk.ask("GET", "/admin/log/verify?anchor=1")
    assert (wrong.status, "COUNT:HASH" in problem(wrong)) == (400, True)
    await asyncio.to_thread(deface, desk.field.ledger, 2)
    found = await desk.get("/admin/log/verify")
    assert (found["whole"], found["broken"]) == (False, 2)


def deface(ledger: Path, seq: int) -> None:
    with contextlib.closing(sqlite3.connect(ledger)) as db:
        db.execute("DROP TRIGGER admin_log_update")
        db.execute("UPDATE admin_log SET detail = '{}' WHERE seq = ?", (seq,))
        db.commit()
