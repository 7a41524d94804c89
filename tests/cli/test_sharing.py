"""`headgate config publish` and its kin: only what is valid is shared, and all is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.cli.sharing import Source, in_force

TEXT = '[server]\nport = 1\n[providers.anthropic]\napi_key = "env:ONE"\n[retry]\ntries = {}\n'


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONE", "sk-ant-api03-" + "t" * 80)
    Path("shared.toml").write_text(TEXT.format(2))


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["config", *words], input=stdin)


def done(*words: str, stdin: str | None = None) -> str:
    result = run(*words, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_is_published_is_what_was_written_and_older_versions_return() -> None:
    published = run("publish", "shared.toml")
    assert "published as version 1" in published.stderr
    assert "what it says in [server] holds nowhere: each node has its own" in published.stderr
    assert done("publish", "-", stdin=TEXT.format(3)) == ""
    assert done("show") == TEXT.format(3)
    assert done("show", "1") == TEXT.format(2)
    assert json.loads(done("rollback", "1", "--json"))["version"] == 3
    assert done("show") == TEXT.format(2)
    listed = json.loads(done("history", "--json"))
    assert [each["number"] for each in listed] == [3, 2, 1]
    assert all(each["actor"].startswith("cli:") for each in listed)
    assert "Published (UTC)" in done("history")


def test_every_mistake_is_told_and_nothing_is_published() -> None:
    Path("bad.toml").write_text("[retry]\ntries = 0\nwaits = 3\n[modells]\n")
    refused = run("publish", "bad.toml")
    assert refused.exit_code == 1
    for words in ("bad.toml has 3 mistakes", "line 2", "line 3", "did you mean 'models'"):
        assert words in refused.stderr
    assert "nothing was published yet" in run("show").stderr
    assert "nothing was published yet" in run("history").stderr


def test_a_secret_in_the_text_is_refused() -> None:
    Path("bad.toml").write_text('[providers.anthropic]\napi_key = "sk-ant-api03-abc"\n')
    refused = run("publish", "bad.toml")
    assert "a secret does not belong in this file" in refused.stderr
    assert "sk-ant-api03-abc" not in refused.output


def test_variables_that_only_the_gateways_have_must_be_said_to_be_elsewhere() -> None:
    Path("far.toml").write_text('[providers.anthropic]\napi_key = "env:FAR"\n')
    assert "FAR" in run("publish", "far.toml").stderr
    assert "published as version 1" in run("publish", "far.toml", "--secrets-elsewhere").stderr
    assert "FAR" in run("rollback", "1").stderr
    assert "version 2" in run("rollback", "1", "--secrets-elsewhere").stderr


def test_without_a_name_the_file_that_is_found_is_published() -> None:
    assert "there is no headgate.toml to publish" in run("publish").stderr
    Path("headgate.toml").write_text(TEXT.format(4))
    done("publish")
    assert done("show") == TEXT.format(4)


def test_a_nodes_own_file_is_not_published() -> None:
    Path("headgate.toml").write_text('[store]\nconfig = "shared"\n')
    refused = run("publish")
    assert refused.exit_code == 1
    assert "name the file that holds the rest" in refused.stderr


def test_versions_and_files_that_are_not_there_are_named() -> None:
    done("publish", "shared.toml")
    assert "there is no version 9" in run("show", "9").stderr
    assert "the newest is 1" in run("rollback", "9").stderr
    assert "none.toml cannot be read" in run("publish", "none.toml").stderr


def test_a_node_that_shares_shows_what_is_in_force_and_what_it_had_to_refuse() -> None:
    done("publish", "shared.toml")
    Path("headgate.toml").write_text('[server]\nport = 7\n[store]\nconfig = "shared"\n')
    shown = json.loads(done("--json"))
    assert (shown["server"]["port"], shown["retry"]["tries"]) == (7, 2)
    assert shown["source"] == "shared configuration, version 1"
    Path("far.toml").write_text('[providers.anthropic]\napi_key = "env:FAR"\n')
    done("publish", "far.toml", "--secrets-elsewhere")
    again = run()
    assert "tries = 2" in again.stdout
    assert "version 2 of the shared configuration is refused here" in again.stderr


def test_a_source_is_the_file_or_what_was_published() -> None:
    own = Source(Path("shared.toml"))
    assert own.following is None
    assert own.begin() == own.read()
    done("publish", "shared.toml")
    Path("near.toml").write_text('[store]\nconfig = "shared"\n')
    shared = Source(Path("near.toml"))
    assert shared.begin().retry.tries == 2
    done("publish", "-", stdin=TEXT.format(5))
    assert shared.read().retry.tries == 2, "it follows when it looks"
    assert shared.following is not None
    assert shared.following.look()
    assert shared.read().retry.tries == 5
    shared.following.close()
    assert in_force(Path("near.toml")).retry.tries == 5
