"""What every language keeps to, each of them run in the sandbox for it."""

from __future__ import annotations

import asyncio
import random
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from headgate.sandbox import catalogue
from headgate.sandbox.model import File, Job, Limits, Result, Runtime, Status, Unavailable
from headgate.sandbox.pool import Forker
from headgate.sandbox.settings import Settings
from headgate.sandbox.standing import stand
from tests.sandbox import programs
from tests.toolchains import here

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        sys.platform != "linux", reason="the sandbox is Linux's: run this there"
    ),
]

languages = pytest.mark.parametrize("language", programs.LANGUAGES)
SECOND = Limits(wall_s=0.7, cpu_s=9.0, memory_mb=1024)
Run = Callable[[Job], Awaitable[Result]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _run() -> AsyncIterator[Run]:
    try:
        ground = await stand(Settings())
    except Unavailable as error:
        pytest.skip(f"{error.what}; {error.remedy}")
    workers: dict[Runtime, Forker] = {}

    async def run(job: Job) -> Result:
        runtime = await asyncio.to_thread(here, job.language)
        order = catalogue.named(job.language).plan(runtime, job)
        async with asyncio.timeout(40):
            if order.runtime not in workers:
                workers[order.runtime] = await ground.start(order.runtime)
            cell = await workers[order.runtime].prepare(order.limits)
            return await cell.carry_out(order)

    yield run
    for worker in workers.values():
        await worker.close()
    await ground.leave()


@pytest.fixture
def run(_run: Run) -> Run:
    return _run


def told(result: Result) -> str:
    said = result.stdout[-300:] + result.stderr[-900:]
    return f"{result.status}, exit {result.exit_code}: {said}"


ARGS = ("a b", "ünï", "two\nlines", "\u202eright to left", "--help", "")
SAID = "given 日本\n"


def echo(language: str, code: str) -> Job:
    return Job(language, code, args=ARGS, stdin=SAID.encode())


def echoes(result: Result) -> bool:
    lines = (*"|".join(ARGS).split("\n"), SAID.strip())
    return all(line in result.stdout for line in lines) and result.stdout.endswith(
        "hällo ✓ 日本\n"
    )


@languages
async def test_a_program_sees_its_arguments_and_input_and_its_output_comes_whole(
    language: str, run: Run
) -> None:
    result = await run(echo(language, programs.ECHO[language]))
    assert (result.status, result.exit_code) == (Status.OK, 0), told(result)
    assert echoes(result), told(result)
    assert (result.language, result.version) == (language, here(language).version)


@languages
@pytest.mark.parametrize("how", ["crlf", "bom"])
async def test_how_the_lines_of_a_source_end_or_begin_changes_nothing(
    language: str, how: str, run: Run
) -> None:
    code = programs.ECHO[language]
    code = {
        "crlf": code.replace("\n", "\r\n") + "\r\n",
        "bom": "\ufeff" + code + "\n\n\n",
    }[how]
    result = await run(echo(language, code))
    assert result.status == Status.OK, told(result)
    assert echoes(result), told(result)


@languages
async def test_an_exit_code_is_the_programs_own(language: str, run: Run) -> None:
    result = await run(Job(language, programs.EXIT[language]))
    assert (result.status, result.exit_code) == (Status.ERROR, 3), told(result)


@languages
async def test_a_failure_names_file_and_line(language: str, run: Run) -> None:
    result = await run(Job(language, programs.FAIL[language]))
    assert result.status == Status.ERROR, told(result)
    assert result.exit_code, told(result)
    suffixes = "|".join(catalogue.named(language).suffixes)
    assert "on purpose" in result.stderr.replace("-", " "), told(result)
    assert any(
        f"main{suffix}{mark}3" in result.stderr
        for suffix in suffixes.split("|")
        for mark in (":", ": line ", '", line ')
    ), told(result)


@languages
async def test_code_that_does_not_compile_is_not_run_and_told_with_its_line(
    language: str, run: Run
) -> None:
    result = await run(Job(language, programs.BROKEN[language]))
    assert result.status == Status.BUILD, told(result)
    assert "never" not in result.stdout
    assert any(
        f"{suffix}{mark}2" in result.stderr
        for suffix in catalogue.named(language).suffixes
        for mark in (":", ": line ", '", line ')
    ), told(result)
    assert "headgate" not in result.stderr.lower(), told(result)


@languages
async def test_an_endless_loop_ends_at_the_wall(language: str, run: Run) -> None:
    result = await run(Job(language, programs.LOOP[language], limits=SECOND))
    assert result.status == Status.WALL, told(result)


@languages
async def test_an_endless_loop_ends_when_its_computing_time_is_over(
    language: str, run: Run
) -> None:
    limits = Limits(wall_s=20.0, cpu_s=1.0, memory_mb=1024)
    result = await run(Job(language, programs.LOOP[language], limits=limits))
    assert result.status == Status.CPU, told(result)


@languages
async def test_taking_memory_for_ever_ends_at_its_limit(language: str, run: Run) -> None:
    limits = Limits(wall_s=20.0, memory_mb=256)
    result = await run(Job(language, programs.HOG[language], limits=limits))
    assert result.status == Status.MEMORY, told(result)


@languages
async def test_processes_without_end_are_capped_and_gone_with_the_run(
    language: str, run: Run
) -> None:
    job = Job(language, programs.FORK[language], limits=Limits(wall_s=3.0, processes=48))
    result = await run(job)
    assert result.status != Status.BROKEN, told(result)
    started = [int(word) for word in result.stdout.split() if word.isdigit()]
    if language not in ("bash", "r"):  # a shell starts each and is not told
        assert not started or started[-1] <= 48, told(result)
    again = await run(echo(language, programs.ECHO[language]))
    assert echoes(again), told(again)


@languages
async def test_a_server_of_this_machine_is_not_reached(language: str, run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        code = programs.CONNECT[language].replace("PORT", port)
        result = await run(Job(language, code))
    assert result.stdout.strip() == "refused", told(result)


@languages
async def test_files_come_in_and_what_is_made_comes_out(language: str, run: Run) -> None:
    job = Job(language, programs.FILES[language], files=(File("in ü.txt", b"some words\n"),))
    result = await run(job)
    made = {it.path: it.data for it in result.artefacts}
    assert made.keys() == {"out.txt"}, told(result)
    assert (made["out.txt"] or b"").strip() == b"SOME WORDS"


@languages
async def test_names_of_files_may_hold_line_ends_and_marks(language: str, run: Run) -> None:
    names = ("a\nb.txt", "\u202etxt.exe", "-n", "folder\n/x", " ")
    job = Job(language, programs.NAMES[language],
              files=tuple(File(name, b"") for name in names))  # fmt: skip
    result = await run(job)
    assert result.stdout.split() == ["2"], told(result)


@languages
async def test_a_source_of_a_megabyte_is_run(language: str, run: Run) -> None:
    filling = (programs.COMMENT[language] + " " + "x" * 90 + "\n") * 11_500
    result = await run(echo(language, programs.ECHO[language] + "\n" + filling))
    assert result.status == Status.OK, told(result)
    assert echoes(result), told(result)


@languages
async def test_garbage_is_refused_by_its_language(language: str, run: Run) -> None:
    noise = random.Random(1).randbytes(5000)  # noqa: S311  # any bytes will do
    result = await run(Job(language, noise.decode("utf-8", "surrogateescape")))
    assert result.status in (Status.BUILD, Status.ERROR), told(result)
    assert result.stderr, told(result)


@languages
async def test_output_beyond_its_limit_is_cut_and_said(language: str, run: Run) -> None:
    limits = Limits(output_bytes=1 << 16)
    result = await run(Job(language, programs.FLOOD[language], limits=limits))
    assert result.status == Status.OUTPUT, told(result)[:300]
    assert len(result.stdout) == 1 << 16


async def test_an_analysis_finds_its_packages_loaded_and_other_code_carries_none(
    run: Run,
) -> None:
    if not (await asyncio.to_thread(here, "python")).imports:
        pytest.skip('numpy, pandas and matplotlib are missing: pip install "headgate[sci]"')
    loaded = 'import sys\nprint("pandas" in sys.modules)\n'
    assert (await run(Job("python", loaded))).stdout == "False\n"
    result = await run(
        Job("python", loaded + "import pandas as pd\nprint(pd.Series([2]).sum())")
    )
    assert result.stdout == "True\n2\n", told(result)
