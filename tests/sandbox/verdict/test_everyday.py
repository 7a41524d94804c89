"""What people write every day is judged: it passes, and with a mistake it does not."""

from __future__ import annotations

import msgspec
import pytest

from headgate.sandbox.verdict.model import Task, Verdict
from tests.sandbox.verdict import everyday_javascript, surveyed, surveyed_typescript
from tests.sandbox.verdict.bench import LIMITS, accepted, files, missed, unsound, verdicts
from tests.sandbox.verdict.everyday import EVERYDAY
from tests.sandbox.verdict.everyday_more import MORE
from tests.sandbox.verdict.honest import Piece
from tests.sandbox.verdict.test_verdict_honest import needs, task

pytestmark = pytest.mark.slow

PIECES = EVERYDAY | MORE
STEP = 6


def judged(pieces: dict[str, Piece], language: str = "python") -> None:
    assert all(it.mistake[0] in it.code for it in pieces.values())
    right = {name: task(language, it, it.code) for name, it in pieces.items()}
    wrong = {
        f"{name}, mistaken": task(language, it, it.code.replace(*it.mistake))
        for name, it in pieces.items()
    }
    found = verdicts(right | wrong)
    assert missed({name: found[name] for name in right}) == {}
    found = {name: found[name] for name in wrong}
    assert accepted(found) == []
    assert unsound(found) == {}


def test_every_sixth_piece_passes_and_its_mistake_does_not() -> None:
    assert len(PIECES) == len(EVERYDAY) + len(MORE) > 60
    judged(dict(list(PIECES.items())[::STEP]))


def test_a_package_of_tests_finds_its_fixtures_and_neighbours() -> None:
    given = files(
        ("pkg/__init__.py", "from .a import f\n"), ("pkg/a.py", "def f(n): return n + 1\n")
    )
    tests = files(
        ("tests/__init__.py", ""),
        ("tests/conftest.py", "import pytest\n@pytest.fixture\ndef one(): return 1\n"),
        ("tests/known.py", "TWO = 2\n"),
        ("tests/test_f.py", "from pkg import f\nfrom .known import TWO\n"
         "def test_f(one): assert f(one) == TWO\n"),
        ("tests/sub/__init__.py", ""),
        ("tests/sub/test_g.py", "from pkg.a import f\nfrom tests.known import TWO\n"
         "def test_g(one): assert f(one) == TWO\n"),
    )  # fmt: skip
    whole = Task(language="python", candidate=given, tests=tests, style="runner", limits=LIMITS)
    found = verdicts({"a package": whole})
    assert missed(found) == {}


@pytest.mark.soak
def test_every_piece_passes_and_its_mistake_does_not() -> None:
    judged(PIECES)


@pytest.mark.soak
@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_every_piece_of_javascript_passes_and_its_mistake_does_not(language: str) -> None:
    needs(language)
    judged(everyday_javascript.EVERYDAY, language)


@pytest.mark.soak
def test_every_surveyed_piece_of_javascript_passes_and_its_mistake_does_not() -> None:
    needs("javascript")
    judged(surveyed.JAVASCRIPT, "javascript")


@pytest.mark.soak
def test_every_surveyed_piece_of_typescript_passes_and_its_mistake_does_not() -> None:
    needs("typescript")
    judged(surveyed.TYPESCRIPT | surveyed_typescript.TYPESCRIPT, "typescript")


MOCKED = Piece(
    "exports.greet = (people, send) => {\n"
    "  people.filter(Boolean).forEach((it) => send(`hi ${it}`));\n};\n",
    """const { it, expect, vi } = require('vitest');
const { greet } = require('./solution');
it('greets', () => {
  const send = vi.fn();
  greet(['ann', ''], send);
  expect(send).toHaveBeenCalledTimes(1);
  expect(send).toHaveBeenCalledWith(expect.stringContaining('ann'));
});
""",
    ("filter(Boolean)", "filter(() => true)"),
    style="runner",
)


PROMPT = ("fake clock object", "batcher", "debounce with mock timers")


def test_callbacks_fakes_clocks_and_mocks_are_judged() -> None:
    """One sandbox for all of them: it takes longer to set up than to judge."""
    needs("javascript")
    pieces = {it: surveyed.JAVASCRIPT[it] for it in PROMPT}
    called = {"awaited callback": everyday_javascript.EVERYDAY["awaited callback"]}
    judged(pieces | called | {"a mock": MOCKED}, "javascript")


def test_a_test_that_hands_over_what_cannot_cross_says_so_and_is_never_wrong() -> None:
    needs("javascript")
    tests = MOCKED.tests.replace("const send = vi.fn();", "const send = new WeakMap();")
    piece = MOCKED._replace(tests=tests)
    found = verdicts({"it": task("javascript", piece, piece.code)})["it"]
    assert isinstance(found, Verdict)
    assert found.ending == "untestable"
    assert "WeakMap cannot be handed to the code from apart" in found.first_failure


LISTENING = Piece(
    """const net = require('node:net');
exports.greet = () => new Promise((ok, no) => {
  const server = net.createServer((it) => it.on('data', (words) => it.end(words)));
  server.listen('greet.sock', () => {
    console.log('listening');
    const link = net.connect('greet.sock');
    link.on('error', no);
    link.on('data', (it) => { link.destroy(); server.close(); ok(String(it)); });
    link.write('hi');
  });
});
""",
    """const { test } = require('node:test');
const assert = require('node:assert');
const { greet } = require('./solution');
test('greets', async () => { assert.strictEqual(await greet(), 'hi'); });
""",
    ("link.write('hi')", "link.write('no')"),
    style="runner",
)
SILENT = "exports.greet = () => new Promise(() => { console.log('hi'); });\n"


def test_code_that_waits_for_a_unix_socket_is_heard_out_and_what_never_comes_is_told() -> None:
    needs("javascript")
    judged({"a socket": LISTENING}, "javascript")
    never = verdicts({"it": task("javascript", LISTENING, SILENT)})["it"]
    assert isinstance(never, Verdict)
    assert never.first_failure == "greets: waits for what never comes"


HANGING = {
    "javascript": "exports.greet = () => { for (;;); };\n",
    "typescript": "export const greet = () => new Promise(() => setInterval(() => 1, 9));\n",
    "go": "package shop\n\nfunc Half(n int) int {\n\tfor {\n\t}\n}\n",
    "rust": "pub fn half(_: i32) -> i32 { loop {} }\n",
}
ASKING = {
    "javascript": MOCKED.tests,
    "typescript": "import { it, expect } from 'vitest';\nimport { greet } from './solution';\n"
    "for (const n of ['a', 'b']) it(n, async () => { expect(await greet()).toBe(1); });\n",
    "go": 'package shop\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {\n\tHalf(2)\n}\n',
    "rust": "use solution::*;\n#[test]\nfn it() { assert_eq!(half(2), 1); }\n",
}


SLOW = {"javascript": "greets", "typescript": "a", "go": "TestIt", "rust": "it"}


@pytest.mark.parametrize(
    "language",
    [
        "javascript",
        *(pytest.param(it, marks=pytest.mark.soak) for it in ("typescript", "go", "rust")),
    ],
)
def test_a_test_that_takes_too_long_ends_the_judging_and_is_named(language: str) -> None:
    needs(language)
    piece = Piece(HANGING[language], ASKING[language], ("", ""), style="runner")
    it = msgspec.structs.replace(
        task(language, piece, piece.code),
        test_s=0.5,
        limits=msgspec.structs.replace(LIMITS, wall_s=60.0),
    )
    found = verdicts({"it": it})["it"]
    assert isinstance(found, Verdict)
    words = f"{SLOW[language]} took longer than 0.5 s"
    assert (found.ending, found.first_failure) == ("slow", words)
