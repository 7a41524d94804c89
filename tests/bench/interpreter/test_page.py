"""The page says what has to be known first, and shows what a place wrote as text."""

from __future__ import annotations

from headgate.bench.interpreter.execution import Execution
from headgate.bench.interpreter.figures import Findings, findings
from headgate.bench.interpreter.page import notes, page, tables, warnings
from headgate.bench.interpreter.running import Bench, Done, Plan
from headgate.sandbox.model import Job, Result, Status
from tests.bench.interpreters import place, right, workload


async def found(told: str = "") -> Findings:
    def answer(job: Job) -> Result:
        wrong = Result(status=Status.ERROR, stderr="<script>alert(1)</script>")
        return wrong if job.code.endswith("b") else right(job)

    here = place(answer)._replace(told=told)
    them = [workload("algorithms/a"), workload("numerics/b")]
    done = await Bench(Plan(them, 1, 1, (1, 2)), lambda *_: None).run([here])
    return findings([here], done, ["a note"])


async def test_the_page_needs_no_other_file_and_holds_no_markup_of_a_place() -> None:
    text = page(await found())
    assert "<svg" in text
    assert "<script" not in text
    assert "&lt;script" in text
    assert "http://" not in text
    assert "https://" not in text


async def test_what_is_no_vendor_is_said_before_any_number() -> None:
    them = await found("served from 127.0.0.1: no vendor")
    assert list(warnings(them)) == ["here: served from 127.0.0.1: no vendor", "a note"]
    text = page(them)
    assert text.index("no vendor") < text.index("Cold: ")


async def test_terminal_and_page_show_the_same_tables() -> None:
    them = await found()
    titles = [title for title, _, _ in tables(them)]
    assert len(titles) == 5
    assert all(title in page(them) for title in titles)
    assert any("times as long as a warm one" in it for it in notes(them))


def test_what_was_not_judged_says_so_and_claims_no_success() -> None:
    one = Execution(
        place="here", workload="numerics/a", how="sweep", is_judged=False, status="ok",
        latency_ms=9, ended_ms=9,
    )  # fmt: skip
    them = findings([place()], Done([one], {}, is_capped=True))
    cells = [cell for _, _, rows in tables(them) for row in rows for cell in row]
    assert "not judged" in cells
    assert not any("100" in it for it in cells)
    assert "--max-cost ended it" in next(iter(warnings(them)))


def test_a_place_that_gets_everything_wrong_is_judged_to_have_done_so() -> None:
    them = [
        Execution(place="here", workload=f"numerics/{n}", how="sweep", at_once=2, why="x",
                  status="ok", latency_ms=9, ended_ms=9)
        for n in range(4)
    ]  # fmt: skip
    found = findings([place()], Done(them, {}, is_capped=False))
    (level,) = next(rows for title, _, rows in tables(found) if title == "Several at once")
    assert level[2:4] == ["0 of 4", "100.0%"]
