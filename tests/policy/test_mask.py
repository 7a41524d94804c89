"""Secrets are taken out wherever they stand, and everything else is left as it was."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policy.mask import mask

WORD = string.ascii_letters + string.digits
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7f3k\nq9Zz0w==\n"
    "-----END RSA PRIVATE KEY-----"
)


def some(alphabet: str, size: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=size, max_size=size)


TOKENS = st.one_of(
    some(WORD + "-_", 93).map(lambda it: f"sk-ant-api03-{it}"),
    some(WORD, 48).map(lambda it: f"sk-proj-{it}"),
    some(WORD, 48).map(lambda it: f"sk-{it}"),
    some(WORD + "-_", 43).map(lambda it: f"hg-{it}"),
    some(WORD, 36).map(lambda it: f"ghp_{it}"),
    some(WORD + "_", 40).map(lambda it: f"github_pat_{it}"),
    some(WORD, 20).map(lambda it: f"glpat-{it}"),
    some(string.digits, 24).map(lambda it: f"xoxb-{it}"),
    some(string.ascii_uppercase + string.digits, 16).map(lambda it: f"AKIA{it}"),
    some(WORD, 35).map(lambda it: f"AIza{it}"),
    some(WORD, 36).map(lambda it: f"npm_{it}"),
    some(WORD, 34).map(lambda it: f"hf_{it}"),
    some(WORD, 24).map(lambda it: f"sk_live_{it}"),
    st.tuples(some(WORD, 20), some(WORD, 20), some(WORD, 20)).map(
        lambda it: f"eyJ{it[0]}.eyJ{it[1]}.{it[2]}"
    ),
)
"""keys and tokens by their looks"""
VALUES = st.tuples(some(string.ascii_letters, 2), some(WORD, 12), some(string.digits, 2)).map(
    "".join
)
"""what only a name tells to be a secret"""
NAMED = st.tuples(
    st.sampled_from(
        (
            *("Authorization: Bearer {}", "authorization: Basic {}", "x-api-key: {}"),
            *('{{"Authorization": "Bearer {}"}}', "'x-api-key': '{}'", "Cookie: sid={}"),
            *(
                "DB_PASSWORD={}",
                "REDIS_TOKEN='{}'",
                "export OPENAI_API_KEY={}",
                'api_key = "{}"',
                "secret: {}",
            ),
            *("client_secret: '{}'", "postgres://app:{}@db.example.com/app", "bearer {}"),
            *('"accessToken": "{}"', "aws_secret_access_key = {}", 'password="{}"'),
        )
    ),
    VALUES,
)
AROUND = st.text(st.sampled_from(" \n\t.,;(){}<>|&äß€"), max_size=30)
"""what does not belong to a token"""
TEXT = st.text(max_size=200)


@given(AROUND, TOKENS, AROUND)
def test_a_key_goes_wherever_it_stands(before: str, token: str, after: str) -> None:
    found = mask(f"{before} {token} {after}")
    assert token not in found.text
    assert token[8:] not in found.text
    assert found.taken >= 1
    assert found.text.startswith(before)
    assert found.text.endswith(after)


@given(NAMED)
def test_what_is_called_a_secret_goes_and_its_name_stays(named: tuple[str, str]) -> None:
    form, value = named
    found = mask(form.format(value))
    assert value not in found.text
    assert found.taken == 1
    assert found.text.partition("[masked: ")[0] in form.replace("{{", "{")


@given(st.lists(st.one_of(TEXT, TOKENS, NAMED.map(lambda it: it[0].format(it[1]))), max_size=4))
def test_a_masked_text_stays_as_it_is(pieces: list[str]) -> None:
    once = mask("\n".join(pieces))
    assert mask(once.text) == (once.text, 0)


@given(st.text(st.sampled_from("abc xyz_=:(){}\n0.,"), max_size=300))
def test_text_that_names_no_secret_is_not_touched(text: str) -> None:
    assert mask(text) == (text, 0)


@pytest.mark.parametrize("value", ["hunter2", "123456", "correct-horse"])
def test_a_variable_in_capitals_is_a_secret_whatever_its_value(value: str) -> None:
    assert mask(f"PGPASSWORD={value} psql").text == "PGPASSWORD=[masked: secret] psql"


@pytest.mark.parametrize("cut", [0, len("\n-----END RSA PRIVATE KEY-----")])
def test_a_private_key_goes_whole_also_if_its_end_is_missing(cut: int) -> None:
    text = "here:\n" + PEM[: len(PEM) - cut]
    assert mask(text).text == "here:\n[masked: private key]"


@pytest.mark.parametrize(
    "code",
    [
        "token = tokens.pop()\nwhile token != END:\n    token = next(tokens)",
        "def check(password: str, secret: bytes | None = None) -> bool:",
        "const token = await fetchToken(client, { retries: 3 });",
        "api_key = os.environ['OPENAI_API_KEY']",
        "password = getpass.getpass('Password: ')",
        "max_tokens: 4096, tokens=128",
        "The token is what a lexer gives; a secret: nobody reads comments.",
        "sk-learn, task-based and risk-free; disk-0",
        'headers = {"authorization": f"Bearer {key}"}',
        "https://example.com:8080/path?x=1@2",
    ],
)
def test_code_that_speaks_of_secrets_and_holds_none_stays(code: str) -> None:
    assert mask(code) == (code, 0)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 8_000,
        "secret" * 8_000,
        "token=" * 8_000,
        "Authorization: " * 3_000,
        "sk-" * 12_000,
        "-----BEGIN PRIVATE KEY-----" * 1_000,
        "http://" * 6_000,
        "eyJ" * 12_000,
        "bearer " * 6_000,
        "_.-" * 12_000,
    ],
    ids=lambda it: it[:12],
)
def test_no_text_takes_long(text: str) -> None:
    """That a pattern would go over again and again would show as minutes."""
    begun = time.process_time()
    mask(text)
    assert time.process_time() - begun < 5
