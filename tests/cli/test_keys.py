"""`headgate keys`: a secret is shown once, mistakes are answered, gateways see the change."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.store.keys import Keys


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["keys", *words])


def gate() -> Keys:
    return Keys(Path(os.environ["HEADGATE_HOME"]) / "headgate.db")


def test_a_created_keys_secret_is_all_there_is_on_stdout() -> None:
    result = run("create", "--name", "alice")
    assert result.exit_code == 0
    secret = result.stdout.strip()
    assert len(secret) == 46
    assert "not shown again" in result.stderr
    assert secret not in result.stderr
    keys = gate()
    found = keys.find(secret)
    assert found is not None
    assert found.name == "alice"
    keys.close()


def test_a_listing_never_shows_a_secret() -> None:
    secret = run("create", "--name", "alice", "--team", "default").stdout.strip()
    for words in (["list"], ["list", "--json"]):
        listing = run(*words)
        assert "alice" in listing.stdout
        assert secret[-4:] in listing.stdout
        assert secret not in listing.output


def test_json_holds_the_secret_once_and_all_facts() -> None:
    created = json.loads(run("create", "--name", "a", "--expires", "30d", "--json").stdout)
    assert created["secret"].startswith("hg-")
    (listed,) = json.loads(run("list", "--json").stdout)
    assert listed == created | {"secret": "hg-…" + created["secret"][-4:]}
    assert listed["state"] == "living"


def test_a_revoked_key_opens_nothing_and_is_listed_as_revoked() -> None:
    secret = run("create", "--name", "alice").stdout.strip()
    assert run("revoke", "alice").exit_code == 0
    keys = gate()
    assert keys.find(secret) is None
    keys.close()
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "revoked"


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["revoke", "alice"]])
def test_a_ledger_that_was_named_and_is_not_there_is_a_mistake(
    words: list[str], tmp_path: Path
) -> None:
    missing = tmp_path / "elsewhere" / "headgate.db"
    result = run(*words, "--ledger", str(missing))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there is no ledger at {missing} yet" in result.stderr
    assert "hint: " in result.stderr
    assert not missing.parent.exists()


def test_a_ledger_whose_folder_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("create", "--name", "a", "--ledger", str(tmp_path / "file" / "headgate.db"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the ledger's folder: a file lies in its way" in result.stderr
    assert "hint: name a place that can be written" in result.stderr


def test_before_the_first_start_there_are_no_keys_to_list_or_revoke() -> None:
    assert run("list").exit_code == 0
    result = run("revoke", "alice")
    assert result.exit_code == 1
    assert "there is no ledger" in result.stderr


@pytest.mark.parametrize(
    ("expires", "day"),
    [
        ("2099-01-31", "2099-01-31 00:00:00"),
        ("2099-01-31T12:00:00+02:00", "2099-01-31 10:00:00"),
    ],
)
def test_an_end_can_be_a_date(expires: str, day: str) -> None:
    created = json.loads(run("create", "--name", "a", "--expires", expires, "--json").stdout)
    assert created["expires"] == f"{day}+00:00"


@pytest.mark.parametrize("expires", ["tomorrow", "12", "5y", "99999999999999w", "2020-01-01"])
def test_an_end_that_makes_no_sense_is_refused_in_words(expires: str) -> None:
    result = run("create", "--name", "alice", "--expires", expires)
    assert result.exit_code != 0
    assert "moment" in result.stderr or "expired already" in result.stderr
    assert "Traceback" not in result.output


def test_a_mistyped_name_is_answered_with_those_there_are() -> None:
    run("create", "--name", "alice")
    result = run("revoke", "alcie")
    assert result.exit_code == 1
    assert "hint: did you mean 'alice'?" in result.stderr


def test_listing_before_anything_exists_creates_nothing() -> None:
    result = run("list")
    assert result.exit_code == 0
    assert "no keys yet" in result.stderr
    assert json.loads(run("list", "--json").stdout) == []
    assert not (Path(os.environ["HEADGATE_HOME"]) / "headgate.db").exists()


def test_a_file_that_is_no_ledger_is_explained_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary " * 100)
    result = run("create", "--name", "a", "--ledger", str(tmp_path / "diary"))
    assert result.exit_code == 1
    assert "not an SQLite database" in result.stderr
    assert "hint:" in result.stderr


def made(*words: str) -> str:
    result = run("create", *words)
    assert result.exit_code == 0, result.stderr
    return result.stdout.strip()


def test_a_rotated_key_has_two_lines_until_the_old_secret_ends() -> None:
    old = made("--name", "alice")
    result = run("rotate", "alice", "--overlap", "2d")
    new = result.stdout.strip()
    assert len(new) == 46
    assert "the old secret works until" in result.stderr
    lines = [line for line in run("list").stdout.splitlines() if "alice" in line]
    assert [secret[-4:] in line for secret, line in zip((old, new), lines, strict=True)] == [
        True,
        True,
    ]
    (listed,) = json.loads(run("list", "--json").stdout)
    assert [each["ends"] is None for each in listed["secrets"]] == [False, True]
    keys = gate()
    assert keys.find(old) is not None
    assert keys.find(new) is not None
    keys.close()


def test_a_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    old = made("--name", "alice")
    assert "the old secret has ended" in run("rotate", "alice", "--overlap", "0h").stderr
    keys = gate()
    assert keys.refusal(old) == "replaced"
    keys.close()


@pytest.mark.parametrize("overlap", ["soon", "5y", "99999999999999w", "91d"])
def test_an_overlap_that_makes_no_sense_is_refused_in_words(overlap: str) -> None:
    made("--name", "alice")
    result = run("rotate", "alice", "--overlap", overlap)
    assert result.exit_code != 0
    assert "span" in result.stderr or "90 days" in result.stderr
    assert "Traceback" not in result.output


def test_a_key_is_shown_with_what_it_may_do_and_why() -> None:
    CliRunner().invoke(main, ["teams", "create", "--name", "search", "--model", "claude-*"])
    made("--name", "alice", "--team", "search", "--surface", "messages", "--tag", "own=1")
    text = run("show", "alice").stdout
    assert "models        claude-*" in text
    assert "  team 'search' allows only models claude-*" in text
    assert "  key 'alice' allows only surfaces messages" in text
    assert "this month    $0 in 0 calls" in text
    assert json.loads(run("show", "alice", "--json").stdout)["may"]["tags"] == ["own=1"]


def test_a_key_can_be_changed_after_it_was_made() -> None:
    made("--name", "alice", "--model", "claude-*")
    assert run("update", "alice", "--any-model", "--expires", "2099-01-31").exit_code == 0
    shown = json.loads(run("show", "alice", "--json").stdout)
    assert (shown["models"], shown["expires"]) == ([], "2099-01-31 00:00:00+00:00")


def test_who_holds_a_secret_can_read_what_it_may_do() -> None:
    secret = made("--name", "alice", "--metadata", '{"note": "private"}')
    told = run("self", "--key", secret)
    assert told.exit_code == 0
    assert "models        all" in told.stdout
    assert "private" not in told.output
    assert secret not in told.output
    assert json.loads(run("self", "--key", secret, "--json").stdout)["name"] == "alice"
    wrong = run("self", "--key", "hg-wrong")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "401: the key is unknown" in wrong.stderr


def test_a_table_of_keys_fits_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    CliRunner().invoke(main, ["teams", "create", "--name", "recommendations"])
    made("--name", "recommender-nightly", "--team", "recommendations", "--expires", "90d")
    monkeypatch.setattr("headgate.cli.terminal.PIPED_WIDTH", 80)
    lines = run("list").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("recommender-nightly" in line and "living" in line for line in lines), lines


def shown(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("show", name, "--json").stdout)
    return found


def test_limits_and_budgets_are_given_changed_and_taken_away() -> None:
    made = run("create", "--name", "al", "--budget", "20/day", "--limit", "requests=300")
    assert made.exit_code == 0, made.stderr
    assert shown("al")["limits"] == {"requests": 300}
    assert shown("al")["budgets"] == [
        {"nusd": 20 * 10**9, "period": "day", "kind": "hard", "usd": "20"}
    ]
    run("update", "al", "--budget", "100/month", "--limit", "concurrent=5", "--lower-output")
    both = shown("al")
    assert both["limits"] == {"requests": 300, "concurrent": 5}
    assert [it["period"] for it in both["budgets"]] == ["day", "month"]
    assert both["lower_output"] is True
    run("update", "al", "--budget", "none/day", "--budget-kind", "soft")
    assert [(it["period"], it["kind"]) for it in shown("al")["budgets"]] == [("month", "hard")]
    run("update", "al", "--budget-kind", "soft")
    assert [(it["period"], it["kind"]) for it in shown("al")["budgets"]] == [("month", "soft")]
    run("update", "al", "--no-limits", "--no-budgets")
    assert (shown("al")["limits"], shown("al")["budgets"], shown("al")["caps"]) == ({}, [], [])


def test_a_key_is_shown_with_all_that_caps_it_and_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(
        "[budgets.house]\nmonth = 1000\n[limits.each_key]\nconcurrent = 7\n"
        '[limits."model:claude-opus-*"]\nrequests = 9\n'
    )
    secret = run("create", "--name", "al", "--budget", "20/day").stdout.strip()
    where = ("--config", str(tmp_path / "headgate.toml"))
    for words in (["show", "al"], ["self", "--key", secret]):
        told = run(*words, *where)
        assert told.exit_code == 0, told.stderr
        assert "the whole house: $1000 a month: $0 spent" in told.stdout
        assert "key 'al': 7 calls at once" in told.stdout
        assert "key 'al': $20 a day: $0 spent, $20.0000 left; resets 20" in told.stdout
        assert "model 'claude-opus-*': 9 requests a minute (up to 9 at once)" in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--limit", "burst=4"), "hint: say requests"),
        (("--warn-at", "0.5"), "there is no budget here that could warn"),
        (("--budget", "20/day", "--warn-at", "0.9,0.5"), "from the smallest to the largest"),
    ],
)
def test_caps_that_could_not_be_kept_are_refused_with_the_remedy(
    words: tuple[str, ...], said: str
) -> None:
    result = run("create", "--name", "al", *words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "al" not in run("list").stdout


UNPRICED = """
[prices]
ceiling = false
[providers.own]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
[models]
fast = "own:nobody-knows-this"
"""


def test_a_budget_over_models_without_a_price_is_refused(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text(UNPRICED)
    where = ("--config", str(tmp_path / "headgate.toml"))
    result = run("create", "--name", "al", "--budget", "20/day", *where)
    assert result.exit_code == 1
    assert "no price is known of own:nobody-knows-this" in result.stderr
    assert "hint: add [prices.overrides" in result.stderr
    watched = ("--budget", "20/day", "--budget-kind", "watch")
    assert run("create", "--name", "al", *watched, *where).exit_code == 0
    assert run("update", "al", "--budget-kind", "hard", *where).exit_code == 1
    assert run("update", "al", "--limit", "requests=3", *where).exit_code == 0
