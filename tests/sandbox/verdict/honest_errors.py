"""Python whose exceptions and objects say more of themselves than their own fields."""

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece


def python(code: str, tests: str, mistake: tuple[str, str]) -> Piece:
    return Piece(code, f"import pytest\nfrom solution import *\n{tests}", mistake, "", "runner")


APP_ERRORS = """
class AppError(Exception):
    status = 500

    def __init__(self, message, *, details=None):
        super().__init__(message)
        self.details = details or {}

    def to_dict(self):
        return {"error": type(self).__name__, "status": self.status, **self.details}

    @property
    def is_client(self):
        return 400 <= self.status < 500


class NotFound(AppError):
    status = 404


def get(x):
    if x is None:
        raise NotFound("no x", details={"id": 1})
    return x
"""

PYTHON: dict[str, Piece] = {
    "an error's class has data, methods and properties": python(
        APP_ERRORS,
        """
def test_raised():
    with pytest.raises(AppError, match="no x") as caught:
        get(None)
    e = caught.value
    assert e.status == 404
    assert e.is_client
    assert e.to_dict() == {"error": "NotFound", "status": 404, "id": 1}
    assert not hasattr(e, "code")
    assert getattr(e, "code", 7) == 7

@pytest.mark.parametrize(("kind", "status"), [(AppError, 500), (NotFound, 404)])
def test_kinds(kind, status):
    assert kind.status == status
    assert kind("x").status == status
    assert kind("x").to_dict()["status"] == status

class Gone(NotFound):
    pass

def test_the_tests_own():
    assert Gone("x").status == 404
    assert isinstance(Gone("x"), AppError)
""",
        ("    status = 404", "    status = 403"),
    ),
    "the code asks an error of the test": python(
        """
def again(f, times):
    for n in range(times):
        try:
            return f()
        except Exception as e:
            if not getattr(e, "retryable", False) or e.after() > 9:
                raise
    raise RuntimeError("too often")
""",
        """
class Busy(Exception):
    retryable = True
    def after(self):
        return 3

class Broken(Exception):
    pass

def test_again():
    seen = []
    def act():
        seen.append(1)
        if len(seen) < 3:
            raise Busy("x")
        return "done"
    assert again(act, 5) == "done"
    assert len(seen) == 3

def test_not_again():
    seen = []
    def act():
        seen.append(1)
        raise Broken("x")
    with pytest.raises(Broken):
        again(act, 5)
    assert len(seen) == 1
""",
        ('not getattr(e, "retryable", False)', 'getattr(e, "retryable", False)'),
    ),
    "what an error was raised with": python(
        """
import enum

class State(enum.Enum):
    OPEN = 1
    SHUT = 2

def shut(state):
    if state is State.SHUT:
        raise ValueError(state, "is shut")

def read(path):
    with open(path) as file:
        return file.read()
""",
        """
def test_member():
    with pytest.raises(ValueError) as caught:
        shut(State.SHUT)
    assert caught.value.args[0] is State.SHUT

def test_path(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read(tmp_path / "none.txt")
    assert caught.value.filename == str(tmp_path / "none.txt")
    assert caught.value.errno == 2
""",
        ("raise ValueError(state,", "raise ValueError(state.name,"),
    ),
    "an object grows in place": python(
        """
class Bag:
    def __init__(self):
        self.items = []
    def __iadd__(self, it):
        self.items.append(it)
        return self
    def __len__(self):
        return len(self.items)
""",
        """
def test_bag():
    bag = same = Bag()
    bag += "a"
    bag += "b"
    assert bag is same
    assert len(bag) == 2
    assert bag.items == ["a", "b"]
""",
        ("self.items.append(it)", "self.items.insert(0, it)"),
    ),
    "the code changes the environment": python(
        """
import os

def load(text):
    for line in text.splitlines():
        name, _, value = line.partition("=")
        os.environ.setdefault(name, value)

def forget(name):
    os.environ.pop(name, None)
""",
        """
import os

def test_load(monkeypatch):
    monkeypatch.setenv("DB_USER", "ann")
    monkeypatch.delenv("DB_URL", raising=False)
    load("DB_URL=there\\nDB_USER=bob")
    assert os.environ["DB_URL"] == "there"
    assert os.environ["DB_USER"] == "ann"
    forget("DB_URL")
    assert "DB_URL" not in os.environ

def test_later():
    assert os.environ.get("DB_USER") is None
""",
        ("os.environ.setdefault(name, value)", "os.environ[name] = value"),
    ),
    "a logger, arguments and a finished command are handed over": python(
        """
def total(options, log):
    log.info("adding %d numbers", len(options.numbers))
    return sum(options.numbers) * options.times

def version(run):
    done = run(["git", "--version"], capture_output=True, text=True)
    return done.stdout.split()[-1] if done.returncode == 0 else ""
""",
        """
import argparse
import logging
import subprocess

def test_total(caplog):
    with caplog.at_level(logging.INFO):
        got = total(argparse.Namespace(numbers=[1, 2], times=3), logging.getLogger("sums"))
    assert got == 9
    assert "adding 2 numbers" in caplog.text

def test_version():
    def run(args, **options):
        return subprocess.CompletedProcess(args, 0, "git version 2.4\\n", "")
    assert version(run) == "2.4"
""",
        ("* options.times", "+ options.times"),
    ),
}
