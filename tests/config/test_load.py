"""Reading headgate.toml: what is resolved, and the exact words of every mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config import Config, ConfigError, Problem, load, load_file, resolve, spell

GOLDEN = sorted((Path(__file__).parent.parent / "golden" / "config").glob("*.txt"))

KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-api03-" + "Ab1_" * 23 + "xyz",
    "OPENAI_API_KEY": "sk-proj-" + "Cd2-" * 30,
    "GROQ_API_KEY": "gsk_" + "Ef3g" * 13,
    "GEMINI_API_KEY": "AIza" + "Hi4j" * 9,
    "OPENROUTER_API_KEY": "sk-or-v1-" + "0f" * 32,
}
"""keys that look whole; none of them opens anything"""


def directives(text: str, name: str) -> list[str]:
    """The words of the `# name: …` comments at the top of a case."""
    lines = re.findall(rf"^# {name}: (.*)$", text, re.MULTILINE)
    return [word for line in lines for word in line.split(", ")]


def environment(text: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in directives(text, "env"))
    return {
        name: value.encode().decode("unicode_escape") if equals else KEYS[name]
        for name, equals, value in pairs
    }


def told(text: str) -> str:
    """The plan a text resolves to, or the whole error, as the golden file keeps it."""
    try:
        config = load(text, environment(text), source="headgate.toml")
    except ConfigError as error:
        return str(error)
    return "\n".join([*providers(config), *answers(config, directives(text, "ask")), *(
        f"note: {note}" for note in config.notes
    )])  # fmt: skip


def providers(config: Config) -> list[str]:
    return [
        f"{each.name}: {each.base_url} serves {' '.join(each.paths)} "
        f"({each.auth} auth, {each.key_env or each.credentials + ' credentials, no key'})"
        for each in config.providers
    ]


def answers(config: Config, models: list[str]) -> list[str]:
    lines = []
    for model in models:
        route = resolve(config, model)
        if route is None:
            lines.append(f"{model} -> nobody")
            continue
        rungs = ", ".join(spell(rung) for rung in route.ladder)
        canned = f", then {route.canned!r}" if route.canned else ""
        lines.append(f"{model} -> [{route.pattern}] {rungs}{canned}")
    return lines


@pytest.mark.parametrize("case", GOLDEN, ids=lambda path: path.stem)
def test_a_text_resolves_to_the_plan_or_the_words_on_record(
    case: Path, request: pytest.FixtureRequest
) -> None:
    text, _, expected = case.read_text().partition("\n---\n")
    seen = told(text)
    if request.config.getoption("--golden-update", default=False):
        case.write_text(f"{text}\n---\n{seen}\n")
    assert seen == expected.rstrip("\n")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda path: path.stem)
def test_no_message_and_no_repr_shows_a_secret(case: Path) -> None:
    text = case.read_text().partition("\n---\n")[0]
    env = environment(text)
    try:
        shown = repr(load(text, env, source="headgate.toml"))
    except ConfigError as error:
        shown = str(error)
    assert not [value for value in env.values() if len(value) > 12 and value in shown]
    assert "hunter2" not in shown


def mistakes(text: str, env: dict[str, str]) -> tuple[Problem, ...] | None:
    """What is wrong with a text; None: nothing is."""
    try:
        load(text, env, source="it")
    except ConfigError as error:
        return error.problems
    return None


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    found = mistakes(text, {})
    assert found is None or (found and all(problem.what for problem in found))


VALUES = st.recursive(
    st.integers(-5, 2**40) | st.booleans() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from(
    ["port", "host", "tries", "waits_s", "ladder", "kind", "base_url", "silence_s", "paths",
     "headers", "api_key", "overrides", "admin_token", "cors_origins", "models", "canned"]
)  # fmt: skip


def toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(toml(each) for each in value)}]"
        case str():
            inner = "".join(f"\\U{ord(sign):08X}" for sign in value)
            return f'"{inner}"'
        case _:
            return str(value)


@given(
    st.sampled_from(["server", "retry", "ledger", "prices", "providers.openai", 'models."x"']),
    st.dictionaries(NAMES, VALUES, max_size=5),
)
def test_wrong_values_never_raise_anything_but_a_config_error(
    section: str, pairs: dict[str, object]
) -> None:
    lines = [f"[{section}]", *(f"{name} = {toml(value)}" for name, value in pairs.items())]
    assert all(problem.path for problem in mistakes("\n".join(lines), KEYS) or ())


def test_every_mistake_of_a_file_is_told_in_one_go_and_in_file_order() -> None:
    text = "[server]\nport = 'x'\nhots = 'y'\n[retry]\njitter = 7\n"
    with pytest.raises(ConfigError) as caught:
        load(text, KEYS, source="headgate.toml")
    assert [problem.path for problem in caught.value.problems] == [
        "server.port",
        "server.hots",
        "retry.jitter",
    ]
    assert [problem.line for problem in caught.value.problems] == [2, 3, 5]


def test_a_named_file_that_is_missing_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothere\.toml: cannot be read: No such file"):
        load_file(tmp_path / "nothere.toml", {})


def test_a_file_that_is_not_text_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "headgate.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_file(path, {})


def test_the_file_is_sought_by_argument_then_variable_then_folder_then_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "folder", tmp_path / "home"
    (home / ".config" / "headgate").mkdir(parents=True)
    folder.mkdir()
    monkeypatch.chdir(folder)
    places = {
        1001: tmp_path / "argument.toml",
        1002: tmp_path / "variable.toml",
        1003: folder / "headgate.toml",
        1004: home / ".config" / "headgate" / "headgate.toml",
    }
    for port, path in places.items():
        path.write_text(f"[server]\nport = {port}\n")
    env = {"HOME": str(home), "HEADGATE_CONFIG": str(places[1002])}
    seen = [load_file(places[1001], env).server.port, load_file(None, env).server.port]
    del env["HEADGATE_CONFIG"]
    seen.append(load_file(None, env).server.port)
    places[1003].unlink()
    seen.append(load_file(None, env).server.port)
    places[1004].unlink()
    seen.append(load_file(None, env).server.port)
    assert seen == [1001, 1002, 1003, 1004, 4100]


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "headgate.toml"
    path.write_bytes(b"\xef\xbb\xbf[server]\nport = 5\n")
    assert load_file(path, {}).server.port == 5


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "configure.md"
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_guide_is_a_configuration(text: str) -> None:
    env = KEYS | {"WORK_LLM_KEY": "w0rk", "SECOND_ANTHROPIC_KEY": KEYS["ANTHROPIC_API_KEY"]}
    config = load(text, env, source="headgate.toml")
    assert config.providers
    assert not [note for note in config.notes if "hint" in note and "is set but" not in note]


def test_the_guide_shows_a_message_as_it_is() -> None:
    message = re.search(
        r"^(headgate\.toml has 2 mistakes\n.*?)\n```", GUIDE.read_text(), re.M | re.S
    )
    assert message is not None
    with pytest.raises(ConfigError) as caught:
        load(
            "[server]\nprot = 1\n\n[models]\nfast = 'anthropc:claude-haiku-5-5'\n",
            KEYS,
            source="headgate.toml",
        )
    assert str(caught.value) == message[1]
