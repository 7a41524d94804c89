"""What a session keeps to, on every tier that this machine gives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from headgate.sandbox.model import File, Heard, Job, Limits, Output, Refused, Result, Status
from headgate.sandbox.model import Unavailable as NotHere
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from tests.sieges import interpreter
from tests.toolchains import here

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

TIERS = ("namespaces", "landlock")
"""`none` is the second without its walls"""
LANGUAGES = ("python", "javascript")
IN_TIME = Limits(wall_s=20.0, memory_mb=512)


class Words(NamedTuple):
    """The same things in each language."""

    keep: str
    show: str
    say: str
    fail: str
    failed: str
    endless: str
    bomb: str
    flood: str
    leave: str
    write: str
    read: str
    load: str
    sleep: str


WORDS = {
    "python": Words(
        keep="x = 20",
        show="x + 1",
        say="import sys; print('said', sys.stdin.read()); print('wrong', file=sys.stderr)",
        fail="def f():\n    return 1 / 0\nf()",
        failed="ZeroDivisionError",
        endless="print('begun', flush=True)\nwhile True: pass",
        bomb="b = []\nwhile True: b.append(bytes(8 << 20))",
        flood="while True: print('x' * 1000)",
        leave="import os; os._exit(3)",
        write="import os; open(os.environ['OUTPUT_DIR'] + '/{}', 'w').write('made')",
        read="print(open('in/data.txt').read())",
        load="import own; print(own.VALUE)",
        sleep="import time; time.sleep(9)",
    ),
    "javascript": Words(
        keep="let x = 20",
        show="x + 1",
        say="console.log('said', fs0().readFileSync(0, 'utf8')); console.error('wrong');"
        " function fs0() { return require('fs') }",
        fail="function f() { throw new RangeError('no') }\nf()",
        failed="RangeError: no",
        endless="console.log('begun'); while (true);",
        bomb="const b = []; while (true) b.push(Buffer.alloc(8 << 20, 1))",
        flood="while (true) require('fs').writeSync(1, 'x'.repeat(1000))",
        leave="process.exit(3)",
        write="require('fs').writeFileSync(process.env.OUTPUT_DIR + '/{}', 'made'); 0",
        read="console.log(require('fs').readFileSync('in/data.txt', 'utf8'))",
        load="const own = require('./own.js'); console.log(own.VALUE)",
        sleep="await new Promise((done) => setTimeout(done, 9000))",
    ),
}


class Ground(NamedTuple):
    """A sandbox of one tier."""

    tier: str
    box: Sandbox

    async def open(self, language: str, limits: Limits = IN_TIME, **more: bytes) -> Talk:
        await asyncio.to_thread(here, language)
        return Talk(self, language, await self.box.open_session("t", language, limits, **more))


class Talk(NamedTuple):
    """A session, and how it is spoken to."""

    ground: Ground
    language: str
    id: str

    async def say(
        self,
        code: str,
        limits: Limits = IN_TIME,
        files: tuple[File, ...] = (),
        stdin: bytes = b"",
        heard: list[Heard] | None = None,
    ) -> Result:
        job = Job(self.language, code, files, (), stdin, limits, "t", self.id)
        async with asyncio.timeout(40):
            return await self.ground.box.run(job, None if heard is None else heard.append)

    async def close(self) -> None:
        await self.ground.box.close_session(self.id, "t")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=TIERS)
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    python = "" if request.param == "namespaces" else await asyncio.to_thread(interpreter)
    if python == "none":
        pytest.skip("no Python here that others than root may read: install python3")
    settings = Settings(request.param, python=python, spares=0)
    try:
        async with Sandbox(settings) as box:
            assert box.isolation.tier == request.param
            yield Ground(request.param, box)
    except NotHere as error:
        pytest.skip(f"SESSIONS NOT TESTED on {request.param}: {error.what}; {error.remedy}")


languages = pytest.mark.parametrize("language", LANGUAGES)


@languages
async def test_names_stay_values_are_shown_and_the_tier_is_told(
    ground: Ground, language: str
) -> None:
    words, talk = WORDS[language], await ground.open(language)
    kept = await talk.say(words.keep)
    assert (kept.status, kept.value) == (Status.OK, None), kept.stderr
    shown = await talk.say(words.show)
    assert (shown.status, shown.value, shown.exit_code) == (Status.OK, "21", 0)
    assert shown.isolation is not None
    assert shown.isolation.tier == ground.tier
    await talk.close()


@languages
async def test_output_is_its_cells_own_and_is_heard_as_it_comes(
    ground: Ground, language: str
) -> None:
    words, talk = WORDS[language], await ground.open(language)
    heard: list[Heard] = []
    said = await talk.say(words.say, stdin=b"given", heard=heard)
    assert (said.stdout, said.stderr) == ("said given\n", "wrong\n")
    told = [it.text for it in heard if isinstance(it, Output) and it.stream == "stdout"]
    assert "".join(told) == said.stdout
    silent = await talk.say(words.keep)
    assert (silent.stdout, silent.stderr) == ("", "")
    await talk.close()


@languages
async def test_an_error_is_the_cells_and_the_session_goes_on(
    ground: Ground, language: str
) -> None:
    words, talk = WORDS[language], await ground.open(language)
    failed = await talk.say(words.fail)
    assert failed.status == Status.ERROR
    assert words.failed in failed.stderr
    assert "headgate" not in failed.stderr
    await talk.say(words.keep)
    assert (await talk.say(words.show)).value == "21"
    await talk.close()


@languages
async def test_files_are_given_to_a_cell_and_taken_from_each(
    ground: Ground, language: str
) -> None:
    words, talk = WORDS[language], await ground.open(language)
    read = await talk.say(words.read, files=(File("in/data.txt", b"first"),))
    assert read.stdout.strip() == "first", read.stderr
    again = await talk.say(words.read, files=(File("in/data.txt", b"second"),))
    assert again.stdout.strip() == "second", again.stderr
    one = await talk.say(words.write.format("one"))
    two = await talk.say(words.write.format("two"))
    made = [[(it.path, it.data) for it in result.artefacts] for result in (one, two)]
    assert made == [[("one", b"made")], [("two", b"made")]]
    await talk.close()


@languages
async def test_its_work_folder_is_taken_up_by_another_session(
    ground: Ground, language: str
) -> None:
    words, talk = WORDS[language], await ground.open(language)
    own = {"python": ("own.py", b"VALUE = 7"), "javascript": ("own.js", b"exports.VALUE = 7")}
    await talk.say(words.write.format("left"), files=(File(*own[language]),))
    kept = await ground.box.snapshot(talk.id, "t")
    await talk.close()
    other = await ground.open(language, snapshot=kept)
    loaded = await other.say(words.load)
    assert loaded.stdout == "7\n", loaded.stderr
    await other.close()


@languages
@pytest.mark.parametrize(
    ("name", "limits", "status"),
    [
        ("endless", Limits(wall_s=0.4), Status.WALL),
        ("sleep", Limits(wall_s=0.4), Status.WALL),
        ("endless", Limits(wall_s=20.0, cpu_s=1.0), Status.CPU),
        ("bomb", Limits(wall_s=20.0), Status.MEMORY),
        ("flood", Limits(wall_s=20.0, output_bytes=5000), Status.OUTPUT),
    ],
)
async def test_a_limit_ends_it_with_its_status_and_says_to_begin_anew(
    ground: Ground, language: str, name: str, limits: Limits, status: Status
) -> None:
    talk = await ground.open(language, Limits(memory_mb=256))
    await talk.say(WORDS[language].keep)
    ended = await talk.say(getattr(WORDS[language], name), limits)
    assert ended.status == status, ended.stderr
    if name == "endless":
        assert ended.stdout == "begun\n"
    if (language, name) == ("python", "bomb"):
        await talk.close()
        return  # the interpreter says MemoryError, and lives
    assert "begin a new one" in ended.hint
    with pytest.raises(Refused):
        await talk.say("1")


@languages
async def test_time_is_each_cells_own_and_not_added_up(ground: Ground, language: str) -> None:
    busy = {
        "python": "import time\nt = time.process_time()\n"
        "while time.process_time() - t < 0.4: pass",
        "javascript": "{ const used = () => process.cpuUsage().user, t = used();"
        " while (used() - t < 4e5) for (let n = 0; n < 1e6; n++); }",
    }
    talk = await ground.open(language)
    seen = [await talk.say(busy[language], Limits(wall_s=20.0, cpu_s=1.0)) for _ in range(4)]
    assert [it.status for it in seen] == [Status.OK] * 4
    assert all(200 < it.cpu_ms < 1000 for it in seen), [it.cpu_ms for it in seen]
    await talk.close()


@languages
async def test_a_program_that_leaves_ends_it_with_its_exit_code(
    ground: Ground, language: str
) -> None:
    talk = await ground.open(language)
    left = await talk.say(WORDS[language].leave)
    assert (left.status, left.exit_code) == (Status.ERROR, 3)
    with pytest.raises(Refused, match="exit code 3"):
        await talk.say("1")


@languages
async def test_two_sessions_do_not_see_each_other(ground: Ground, language: str) -> None:
    words = WORDS[language]
    one, two = await ground.open(language), await ground.open(language)
    await one.say(words.keep, files=(File("in/data.txt", b"one's"),))
    assert (await two.say(words.show)).status == Status.ERROR
    assert (await two.say(words.read)).status == Status.ERROR
    await one.close()
    await two.close()


async def test_a_link_that_a_cell_left_is_not_followed_when_a_file_is_laid(
    ground: Ground, tmp_path: Path
) -> None:
    """Else a cell could have us write where it may not."""
    aim = tmp_path / "aim"
    await asyncio.to_thread(aim.write_text, "untouched")
    talk = await ground.open("python")
    await talk.say(f"import os; os.symlink({str(aim)!r}, 'file'); os.symlink('/', 'folder')")
    await talk.say("1", files=(File("file", b"laid"),))
    assert await asyncio.to_thread(aim.read_text) == "untouched"
    with pytest.raises(Refused, match="cannot be laid"):
        await talk.say("1", files=(File(f"folder{aim}", b"laid"),))
    assert await asyncio.to_thread(aim.read_text) == "untouched"
    assert (await talk.say("open('file').read()")).value == "'laid'"
    await talk.close()


async def test_nothing_stays_of_a_session_that_is_closed(ground: Ground) -> None:
    talk = await ground.open("python")
    code = "import subprocess; p = subprocess.Popen(['/bin/sleep', '77.7']); 1"
    assert (await talk.say(code)).status == Status.OK
    await talk.close()
    end = time.monotonic() + 10
    while await asyncio.to_thread(_sleepers):
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def _sleepers() -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if (place / "cmdline").read_bytes() == b"/bin/sleep\x0077.7\x00":
                found.append(place.name)
        except OSError:
            continue
    return found


async def test_its_code_is_never_root_of_the_host(ground: Ground) -> None:
    talk = await ground.open("python")
    asked = await talk.say("import os; (os.getuid(), os.geteuid()) != (0, 0)")
    assert asked.value == "True"
    await talk.close()
