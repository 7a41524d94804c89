"""Every client's lines are filled in, complete and ready to paste."""

from __future__ import annotations

import subprocess
import tomllib

import pytest

from headgate.cli.clients import Client, Gate, read_clients, shell_lines, text_lines, variables
from headgate.providers import SURFACES

CLIENTS = read_clients()
KNOWN = Gate("http://127.0.0.1:4100", 'hg-it\'s a "key"')
NAMED = Gate("http://127.0.0.1:4100", "", "MY_KEY")


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_nothing_is_left_to_fill_in(client: Client) -> None:
    assert client.sees in SURFACES
    for gate in (KNOWN, NAMED):
        text = text_lines(client, gate)
        lines = shell_lines(client, gate)
        assert text or lines
        for leftover in ("{url}", "{key}", "{key_env}"):
            assert leftover not in text + "".join(lines)
        assert gate.url in text + "".join(lines)
        values = [each.value for each in variables(client, gate)]
        assert (gate.key or "MY_KEY") in text + "".join(values)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_a_shell_takes_the_lines_as_they_are(client: Client) -> None:
    if not client.need:
        return
    lines = shell_lines(client, KNOWN)
    names = [each.name for each in variables(client, KNOWN)]
    script = "\n".join([*lines, *(f'printf "%s\\n" "${name}"' for name in names)])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [each.value for each in variables(client, KNOWN)]


def test_a_key_that_is_only_named_is_never_written() -> None:
    lines = shell_lines(CLIENTS["claude-code"], NAMED)
    assert 'export ANTHROPIC_AUTH_TOKEN="$MY_KEY"' in lines
    assert shell_lines(CLIENTS["codex"], NAMED) == []


def test_claude_code_gets_its_two_lines_first_and_a_reason_for_each_other() -> None:
    lines = shell_lines(CLIENTS["claude-code"], Gate("http://127.0.0.1:4100", "hg-1"))
    assert lines[:2] == [
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:4100",
        "export ANTHROPIC_AUTH_TOKEN=hg-1",
    ]
    assert all("  # " in line for line in lines[2:])
    assert any("CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK=1" in line for line in lines)


def test_codex_is_told_to_speak_responses() -> None:
    block = tomllib.loads(text_lines(CLIENTS["codex"], NAMED))
    assert block == {
        "model_provider": "headgate",
        "model_providers": {
            "headgate": {
                "name": "Headgate",
                "base_url": "http://127.0.0.1:4100/v1",
                "env_key": "MY_KEY",
                "wire_api": "responses",
                "http_headers": {"x-headgate-prompt-cache": "on"},
            }
        },
    }


def test_a_client_whose_file_we_write_says_where_it_is() -> None:
    for client in CLIENTS.values():
        assert bool(client.file) == bool(client.folder) == bool(client.form)
