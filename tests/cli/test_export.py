"""`headgate export`: files that are whole, sums that agree, and mistakes that are named."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import INTERRUPTED, export, main
from headgate.ledger.insert import Batch, write
from headgate.store.place import Place
from headgate.store.sqlite import connect
from tests.ledger.rows import entry

AT = 1_793_000_000_000_000


@pytest.fixture(autouse=True)
def ledger() -> Place:
    place = Path(os.environ["HEADGATE_HOME"]) / "headgate.db"
    connection = connect(place)
    connection.execute(
        "INSERT INTO owner (n, lock, pid, started_us, batch) VALUES (1, 'lock', 1, 0, 0)"
    )
    rows = [
        entry(id=f"c{n}", at_us=AT + n, cost_nusd=7, output=3, cost_centre="lab" * (n % 2))
        for n in range(5)
    ]
    write(connection, 1, Batch(1, rows, [], []))
    connection.close()
    return place


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["export", *words])


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl", "focus", "otlp"])
def test_every_format_is_written_whole(form: str, tmp_path: Path) -> None:
    file = tmp_path / f"out.{form}"
    result = run("--to", form, "-o", str(file))
    assert result.exit_code == 0, result.stderr
    assert os.listdir(tmp_path) == [file.name]
    assert file.stat().st_size
    assert str(file) in result.stderr


def test_text_goes_to_standard_output_unless_a_file_is_named() -> None:
    result = run("--to", "csv")
    found = list(csv.DictReader(result.stdout.splitlines()))
    assert sum(int(row["cost_nusd"]) for row in found) == 35


def test_a_file_that_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_text("mine")
    refused = run("--to", "csv", "-o", str(file))
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert file.read_text() == "mine"
    assert run("--to", "csv", "-o", str(file), "--force").exit_code == 0
    assert file.read_text() != "mine"


def test_only_the_window_is_written() -> None:
    until = run("--to", "jsonl", "--until", "2026-01-01")
    assert until.stdout == ""
    assert len(run("--to", "jsonl", "--since", "2026-01-01").stdout.splitlines()) == 5


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ((), "say what to write"),
        (("--to", "parquet"), "name a file"),
        (("--to", "csv", "--endpoint", "http://x"), "--to otlp"),
        (("--to", "otlp", "--endpoint", "nonsense"), "--endpoint"),
        (("--to", "csv", "--since", "2026-02-01", "--until", "2026-01-01"), "not before"),
        (("--to", "csv", "-o", "nowhere/at/all.csv"), "no folder"),
        (("chargeback", "--month", "October"), "no month"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(words: tuple[str, ...], what: str) -> None:
    result = run(*words)
    assert result.exit_code in (1, 2)
    assert what in result.stderr
    assert "hint:" in result.stderr


def test_a_months_bill_adds_up_in_every_form() -> None:
    told = json.loads(run("chargeback", "--month", "2026-10", "--json").stdout)
    assert told["cost_nusd"] == 35
    assert [it["cost_centre"] for it in told["cost_centres"]] == ["(none)", "lab"]
    text = run("chargeback", "--month", "2026-10", "--csv").stdout
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["cost_usd"] for row in rows] == ["0.000000021", "0.000000014"]
    shown = run("chargeback", "--month", "2026-10").stdout
    assert "$0.0000000350" in shown or "$0.000000035" in shown


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--to", "csv"), ("chargeback", "--month=2026-10", "--csv")])
def test_an_output_without_room_is_an_error_and_no_trace(words: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "headgate", "export", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert b"hint:" in done.stderr
    assert b"Traceback" not in done.stderr


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refused = run("--to", "csv", "-o", str(pipe), "--force")
    assert refused.exit_code == 1
    assert "is no file" in refused.stderr
    assert pipe.is_fifo()


def test_a_cost_centre_is_no_formula_of_a_spreadsheet(ledger: Path) -> None:
    connection = connect(ledger)
    connection.execute("UPDATE call SET cost_centre = '=HYPERLINK(1)' WHERE cost_centre <> ''")
    connection.close()
    text = run("chargeback", "--month", "2026-10", "--csv").stdout
    names = [row["cost_centre"] for row in csv.DictReader(text.splitlines())]
    assert names == ["(none)", "'=HYPERLINK(1)"]


def interrupted() -> BaseException:
    """What an answer that is cut off leaves on the way out."""
    error = RuntimeError("the connection still has answers open")
    error.__context__ = KeyboardInterrupt()
    return error


@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), interrupted()])
def test_a_stop_is_a_stop_whoever_heard_it_first(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise error

    monkeypatch.setattr(export, "_window", stopped)
    result = run("--to", "csv")
    assert (result.exit_code, result.stderr) == (INTERRUPTED, "Error: stopped\n")


def test_a_mistake_of_ours_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("what nobody thought of")

    monkeypatch.setattr(export, "_window", wrong)
    assert isinstance(run("--to", "csv").exception, RuntimeError)
