"""A call's container is found, entered and run in, and only by its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from headgate.engine.container import Containers
from headgate.engine.lodging import Came, Entry, Home, Stay, Told
from headgate.sandbox.model import Job, Refused, Result, Unavailable
from headgate.wire.model import Fault, Kind
from headgate.wire.served.model import Wish
from tests.sandboxes import Bare

LEFT = "import os\nopen(os.environ['OUTPUT_DIR'] + '/a.txt', 'w').write('left')"


class Place:
    def __init__(self) -> None:
        self.sandbox: Bare | None = Bare()
        self.containers = Containers(lambda: 0.0)


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    found = Place()
    bare = found.sandbox
    yield found
    assert bare is not None
    await bare.close()


def entry(owner: str = "me", **wish: object) -> Entry:
    return Entry(owner, "cntr", msgspec.convert(wish, Wish), 0)


async def test_a_container_of_another_owner_does_not_exist(place: Place) -> None:
    home = Home(place)
    stay = await home.enter(entry())
    assert (await home.enter(entry(container=stay.id))).id == stay.id
    for asking in (
        home.enter(entry("you", container=stay.id)),
        home.run("you", stay.id, "print(1)"),
    ):
        with pytest.raises(Fault) as fault:
            await asking
        assert fault.value.kind is Kind.NOT_FOUND
    assert (await home.enter(entry("you", earlier=(stay.id,)))).id != stay.id
    await home.remember(Told("you", stay.id, {"ci_1": "forged"}))
    assert (await home.enter(entry(container=stay.id))).known == {}


async def test_what_a_run_leaves_is_kept_and_named_and_not_sent_along(place: Place) -> None:
    home = Home(place)
    stay = await home.enter(entry())
    came = await home.run("me", stay.id, LEFT)
    assert came.result is not None
    assert came.result.artefacts == ()
    (file,) = came.files
    assert place.containers.file(file.id, "me").data == b"left"
    for it in (stay, came):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(it), type=type(it)) == it


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Unavailable("no walls", "build some"), "unavailable"),
        (Refused("a full line", kind="busy"), "busy"),
        (Refused("too much", "ask for less"), "invalid"),
    ],
)
async def test_why_there_is_no_result_is_said_in_words(
    place: Place, error: Exception, trouble: str
) -> None:
    def refuse(job: Job) -> Result | None:
        raise error

    assert place.sandbox is not None
    place.sandbox.before = refuse
    home = Home(place)
    stay = await home.enter(entry())
    came = await home.run("me", stay.id, "1")
    assert (came.result, came.trouble) == (None, trouble)
    assert came.why.startswith(str(error).partition(";")[0].partition(":")[0])


async def test_without_a_sandbox_nothing_is_run(place: Place) -> None:
    home = Home(place)
    stay = await home.enter(entry())
    place.sandbox, kept = None, place.sandbox
    assert (await home.run("me", stay.id, "1")).trouble == "unavailable"
    place.sandbox = kept


async def test_where_no_tool_is_offered_nothing_is_begun(place: Place) -> None:
    stay = await Home(place).enter(entry(offered=False))
    assert isinstance(stay, Stay)
    assert len(place.containers) == 0
    assert Came().result is None
