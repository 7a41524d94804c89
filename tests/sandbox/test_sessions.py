"""Sessions remember, belong to one tenant, end for a reason that is told, and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from headgate.sandbox.model import (
    File,
    Heard,
    Job,
    Limits,
    Order,
    Refused,
    Result,
    Runtime,
    Status,
)
from headgate.sandbox.pool import Bounds, Pool
from headgate.sandbox.sessions import Opening, Sessions, Terms
from headgate.sandbox.shelf import Room, Shelf, Store

PYTHON = Runtime("python", "3.11", "python")
NODE = Runtime("javascript", "20", "program", program="/usr/bin/node")
TERMS = Terms(4, 2, 60.0, 1000.0, 0.0, 1 << 20)


class Place:
    """A session that adds up what it is told to, and does what some words say."""

    def __init__(self) -> None:
        self.alive, self.orders = True, list[Order]()
        self.left: dict[str, File] = {}
        self.let = asyncio.Event()
        self.let.set()

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        self.orders.append(order)
        await self.let.wait()
        self.left |= {it.path: it for it in order.files}
        said = order.files[-1].data.decode()
        if said == "bomb":
            self.alive = False
            return Result(status=Status.MEMORY, hint="too much")
        if said == "leave":
            self.alive = False
            return Result(status=Status.ERROR, exit_code=3)
        return Result(status=Status.OK, value=str(len(self.orders)))

    async def files(self, most_bytes: int) -> tuple[File, ...]:
        if "too large" in self.left:
            raise Refused("the work folder is too large")
        return tuple(self.left.values())

    def kill(self) -> None:
        self.alive = False


class Forker:
    def __init__(self) -> None:
        self.alive, self.places = True, list[Place]()

    async def prepare(self, limits: Limits, session: bool = False) -> Place:
        assert session
        await asyncio.sleep(0)
        self.places.append(Place())
        return self.places[-1]

    async def close(self) -> None:
        self.alive = False


class House:
    def __init__(self, terms: Terms = TERMS, store: Store | None = None) -> None:
        self.forkers: list[Forker] = []
        self.now_s = 0.0
        bounds = Bounds(4, 0, 0, 1e9)
        self.pool = Pool(self.start, bounds, now=lambda: self.now_s)
        room = Room(1 << 20, 1 << 20)
        self.store = store or Shelf(room, lambda: int(self.now_s * 1e6))
        self.all = Sessions(self.pool, terms, self.store, self.renew, now=lambda: self.now_s)

    async def renew(self, language: str) -> Runtime:
        return PYTHON if language == "python" else NODE

    async def start(self, runtime: Runtime) -> Forker:
        self.forkers.append(Forker())
        return self.forkers[-1]

    async def open(self, tenant: str = "a", *files: File) -> str:
        return await self.all.open(tenant, Opening(PYTHON, Limits(), files, b"note"))

    async def say(self, session: str, code: str, tenant: str = "a", **given: object) -> Result:
        job = Job("python", code, tenant=tenant, session=session, **given)  # type: ignore[arg-type] # fields of a job
        return await self.all.run(job)

    @property
    def place(self) -> Place:
        return self.forkers[-1].places[-1]


async def test_cells_of_a_session_share_a_place_and_the_first_finds_its_files() -> None:
    house = House()
    session = await house.open("a", File("data.csv", b"1"))
    assert [(await house.say(session, "x")).value for _ in range(3)] == ["1", "2", "3"]
    first, second, _ = house.place.orders
    assert [it.path for it in first.files] == ["data.csv", "cell.py"]
    assert [it.path for it in second.files] == ["cell.py"]


async def test_a_cell_sets_its_own_time_but_not_the_sessions_memory() -> None:
    house = House()
    session = await house.all.open("a", Opening(PYTHON, Limits(memory_mb=100, wall_s=9)))
    await house.say(session, "x", limits=Limits(memory_mb=4000, wall_s=2))
    asked = house.place.orders[0].limits
    assert (asked.memory_mb, asked.wall_s) == (100, 2)


async def test_code_does_not_overwrite_a_file_of_its_name() -> None:
    house = House()
    session = await house.open()
    await house.say(session, "code", files=(File("cell.py", b"mine"),))
    assert [it.path for it in house.place.orders[0].files] == ["cell.py", "cell_1.py"]


async def test_a_javascript_cell_begins_the_kernel_and_hands_it_the_code_last() -> None:
    house = House()
    session = await house.all.open("a", Opening(NODE, Limits()))
    await house.say(session, "1 + 1")
    order = house.place.orders[0]
    assert order.steps[0].argv[0] == "/usr/bin/node"
    assert not order.steps[0].python
    assert order.files[-1].data == b"1 + 1"


async def test_to_another_tenant_a_session_is_not_there() -> None:
    house = House()
    session = await house.open("a")
    with pytest.raises(Refused, match="no such session") as refused:
        await house.say(session, "x", tenant="b")
    assert refused.value.kind == "not_found"
    with pytest.raises(Refused, match="no such session"):
        await house.all.close(session, "b")
    with pytest.raises(Refused, match="no such session"):
        await house.all.files(session, "b")
    assert house.all.told("b") == ()
    assert [it.id for it in house.all.told("a")] == [session]


@pytest.mark.parametrize(
    ("code", "why"), [("bomb", "memory_limit"), ("leave", "its code left with exit code 3")]
)
async def test_a_session_that_died_says_of_what_and_goes_on_saying_it(
    code: str, why: str
) -> None:
    house = House()
    session = await house.open()
    result = await house.say(session, code)
    assert result.hint.endswith(f"ended: {why}, begin a new one")
    with pytest.raises(Refused, match=f"ended: {why}") as refused:
        await house.say(session, "x")
    assert refused.value.remedy == "begin a new one"
    assert len(house.all) == 0


async def test_there_are_only_so_many_of_a_tenant_and_in_all() -> None:
    house = House()
    for tenant in ("a", "a", "b"):
        await house.open(tenant)
    with pytest.raises(Refused, match="2 sessions of this tenant are open") as refused:
        await house.open("a")
    assert refused.value.kind == "busy"
    await house.open("c")
    with pytest.raises(Refused, match="busy: 4 sessions are open"):
        await house.open("d")


async def test_sessions_that_are_being_opened_count() -> None:
    house = House()
    found = await asyncio.gather(*(house.open("a") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(it, Refused) for it in found) == 3


async def test_one_that_is_idle_or_old_ends_and_says_so() -> None:
    house = House()
    idle, used = await house.open(), await house.open()
    house.now_s = 59
    await house.say(used, "x")
    house.now_s = 61
    await house.all.tend()
    with pytest.raises(Refused, match="ended: it was idle for 60 s"):
        await house.say(idle, "x")
    assert (await house.say(used, "x")).status == Status.OK
    house.now_s = 1001
    await house.all.tend()
    with pytest.raises(Refused, match="its life of 1000 s was over"):
        await house.say(used, "x")


async def test_a_cell_that_runs_is_not_idle() -> None:
    house = House()
    session = await house.open()
    house.place.let.clear()
    running = asyncio.ensure_future(house.say(session, "x"))
    await asyncio.sleep(0)
    house.now_s = 2000
    await house.all.tend()
    house.place.let.set()
    assert (await running).status == Status.OK


async def test_cells_of_one_session_run_one_after_another() -> None:
    house = House()
    session = await house.open()
    house.place.let.clear()
    cells = [asyncio.ensure_future(house.say(session, "x")) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(house.place.orders) == 1
    house.place.let.set()
    assert [it.value for it in await asyncio.gather(*cells)] == ["1", "2", "3"]


async def test_a_cell_that_waited_while_its_session_died_is_told_why() -> None:
    house = House()
    session = await house.open()
    first = asyncio.ensure_future(house.say(session, "bomb"))
    second = asyncio.ensure_future(house.say(session, "x"))
    await first
    with pytest.raises(Refused, match="ended: memory_limit"):
        await second


async def test_a_cell_that_is_given_up_ends_its_session() -> None:
    house = House()
    session = await house.open()
    place = house.place
    place.let.clear()
    running = asyncio.ensure_future(house.say(session, "x"))
    for _ in range(3):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not place.alive
    with pytest.raises(Refused, match="a cell was stopped"):
        await house.say(session, "x")


async def test_its_files_are_given_without_the_code_of_its_cells() -> None:
    house = House()
    session = await house.open("a", File("data.csv", b"1"))
    assert [it.path for it in await house.all.files(session, "a")] == ["data.csv"]
    await house.say(session, "x", files=(File("more.csv", b"2"),))
    kept = await house.all.files(session, "a")
    assert [it.path for it in kept] == ["data.csv", "more.csv"]


async def test_files_of_an_idle_session_can_be_taken_up_for_a_while_and_it_is_said() -> None:
    house = House(TERMS._replace(keep_s=100.0))
    session = await house.open()
    await house.say(session, "x", files=(File("a", b"1"),))
    house.now_s = 61
    await house.all.tend()
    assert len(house.all) == 0
    assert [it.path for it in await house.all.files(session, "a")] == ["a"]
    again = await house.say(session, "x")
    assert (again.value, house.place.orders[0].files[0]) == ("1", File("a", b"1"))
    assert "its files are back, its variables not" in again.hint
    assert (await house.say(session, "x")).hint == ""


async def test_what_was_kept_goes_with_its_time_or_when_it_is_closed() -> None:
    house = House(TERMS._replace(keep_s=100.0))
    session, closed = await house.open(), await house.open()
    for each in (session, closed):
        await house.say(each, "x")
    house.now_s = 61
    await house.all.tend()
    await house.all.close(closed, "a")
    with pytest.raises(Refused, match="it was closed"):
        await house.say(closed, "x")
    house.now_s = 162
    await house.all.tend()
    with pytest.raises(Refused, match="it was idle"):
        await house.say(session, "x")


async def test_files_too_large_to_be_kept_are_gone_with_the_session() -> None:
    house = House(TERMS._replace(keep_s=100.0))
    session = await house.open()
    await house.say(session, "x", files=(File("too large", b""),))
    house.now_s = 61
    await house.all.tend()
    with pytest.raises(Refused, match="it was idle"):
        await house.say(session, "x")


async def test_languages_without_sessions_are_refused() -> None:
    house = House()
    with pytest.raises(Refused, match="no sessions in rust") as refused:
        await house.all.open("a", Opening(Runtime("rust", "1", "program"), Limits()))
    assert "python and javascript" in refused.value.remedy


async def test_closing_ends_every_one() -> None:
    house = House()
    session = await house.open()
    await house.all.close_all()
    assert not house.place.alive
    with pytest.raises(Refused, match="the sandbox was closed"):
        await house.say(session, "x")


async def test_a_session_outlives_the_process_where_its_files_are_kept() -> None:
    """Closing keeps what is idle; another process takes it up, for the same tenant alone."""
    before = House(TERMS._replace(keep_s=100.0))
    session = await before.open("a", File("data.csv", b"1"))
    await before.say(session, "x", files=(File("more", b"2"),))
    await before.all.close_all()
    after = House(TERMS._replace(keep_s=100.0), before.store)
    for ask in (after.say(session, "x", "b"), after.all.note(session, "b")):
        with pytest.raises(Refused, match="no such session"):
            await ask
    assert await after.all.note(session, "a") == b"note"
    result = await after.say(session, "x")
    assert "its files are back, its variables not" in result.hint
    assert [it.path for it in after.place.orders[0].files] == ["data.csv", "more", "cell.py"]
    assert await after.all.note(session, "a") == b"note"


async def test_cells_that_come_at_once_take_a_session_up_once() -> None:
    before = House(TERMS._replace(keep_s=100.0))
    session = await before.open()
    await before.say(session, "x")
    await before.all.close_all()
    one = House(TERMS._replace(keep_s=100.0), before.store)
    other = House(TERMS._replace(keep_s=100.0), before.store)
    said = [house.say(session, "x") for house in (one, one, other)]
    found = await asyncio.gather(*said, return_exceptions=True)
    refused = [it for it in found if isinstance(it, Refused)]
    assert len(one.forkers) + len(other.forkers) in (1, 2)
    assert len(one.all) + len(other.all) == 1
    assert len(refused) in (1, 2)


async def test_a_session_that_cannot_be_taken_up_now_can_be_later() -> None:
    house = House(TERMS._replace(keep_s=100.0, most_per_tenant=1))
    session = await house.open()
    await house.say(session, "x")
    house.now_s = 61
    await house.all.tend()
    other = await house.open()
    with pytest.raises(Refused, match="1 sessions of this tenant are open"):
        await house.say(session, "x")
    await house.all.close(other, "a")
    assert (await house.say(session, "x")).value == "1"


async def test_files_that_take_too_long_to_be_kept_do_not_hold_up_the_end() -> None:
    house = House(TERMS._replace(keep_s=100.0))
    await house.open()

    async def never(most_bytes: int) -> tuple[File, ...]:
        await asyncio.sleep(60)
        return ()

    await house.say(next(iter(house.all._open)), "x")
    house.place.files = never  # type: ignore[method-assign] # this one alone
    await house.all.close_all(within_s=0.01)
    assert len(house.all) == 0
    assert not house.place.alive
