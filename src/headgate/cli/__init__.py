"""The command line: owns how commands are found and how a mistake is shown.

Rule 1: a command is a file of this folder with a module-level `command` (`import_` is import).
Rule 2: listing the commands imports none of them.
Rule 3: data goes to stdout, words to stderr; an error names the mistake, then the remedy.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from headgate import __version__

_FOLDER = Path(__file__).parent
_COMMAND = re.compile(r"^(?:async )?(?:def command\(|command\s*(?::[^=\n]*)?=)", re.MULTILINE)
_DOCSTRING = re.compile(r'^def command\(.*?"""(.*?)"""', re.MULTILINE | re.DOTALL)

USAGE, FAILURE, INTERRUPTED = 2, 1, 130
HEARD = "Query interrupted"
"""what DuckDB says when it hears Ctrl-C first"""


class Trouble(click.ClickException):
    """A command could not do its work: what went wrong, and what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


class Misuse(Trouble):
    """A command was given words that cannot be meant."""

    exit_code = USAGE


class Commands(click.Group):
    """The commands found in this folder, each imported only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for name, _ in _sources())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = cmd_name.replace("-", "_")
        if not (_FOLDER / f"{module}.py").exists():
            module += "_"  # a name that is a word of the language, such as import
        command = import_module(f"headgate.cli.{module}").command
        assert isinstance(command, click.Command), f"headgate.cli.{module}.command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _first_sentence(text)) for name, text in sorted(_sources())]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run; every expected failure ends in two lines and an exit code, never in a trace."""
        run = partial(super().main, *args, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        try:
            result: object = run()
        except click.Abort:
            _complain("stopped", "")
            raise SystemExit(INTERRUPTED) from None
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            raise SystemExit(error.exit_code) from None
        except click.ClickException as error:
            _complain(error.format_message(), _hint(error))
            raise SystemExit(error.exit_code) from None
        except BrokenPipeError:  # as in `headgate tail | head`: the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(FAILURE) from None
        except Exception as error:
            expected = _expected(error)
            if expected is None:
                raise
            what, hint, code = expected
            _complain(what, hint)
            raise SystemExit(code) from None
        raise SystemExit(result if isinstance(result, int) else 0)


def _expected(error: BaseException) -> tuple[str, str, int] | None:
    """What is said of it, the remedy and the exit code; None: it is a mistake of ours."""
    if _was_stopped(error):
        return "stopped", "", INTERRUPTED
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        hint = "make room on the disk, and run it again"
        return "there is no room to write to", hint, FAILURE
    if isinstance(error, ValueError):
        from headgate.config import ConfigError  # costly to load, and rarely needed

        if isinstance(error, ConfigError):
            return str(error), "", FAILURE
    return None


def _was_stopped(error: BaseException | None) -> bool:
    """Is it Ctrl-C, also where DuckDB heard it first or something failed on the way out."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt | click.Abort) or str(error) == HEARD:
            return True
        error = error.__context__
    return False


def _sources() -> Iterator[tuple[str, str]]:
    """Every command's name and source text."""
    for path in _FOLDER.glob("*.py"):
        if not path.name.startswith("__"):
            text = path.read_text(encoding="utf-8")
            if _COMMAND.search(text):
                yield path.stem.rstrip("_").replace("_", "-"), text


def _first_sentence(source: str) -> str:
    """What a command does, read from its source, because importing it would be slow."""
    found = _DOCSTRING.search(source)
    text = found[1] if found else source.lstrip('"').split('"""', 1)[0]
    return re.split(r"\.\s|\.$|\n\s*\n", text.strip(), maxsplit=1)[0].replace("\n", " ")


def _hint(error: click.ClickException) -> str:
    if isinstance(error, Trouble):
        return error.hint
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "headgate"
        return f"{path} --help shows an example"
    return ""


def _complain(what: str, hint: str) -> None:
    """It may quote a stranger's file."""
    from headgate.cli.terminal import say  # not needed to list commands

    say(f"Error: {what}")
    if hint:
        say(f"\nhint: {hint}")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    epilog="Start here: headgate demo (no key needed), then headgate up.",
)
@click.version_option(__version__, "-V", "--version", message="headgate %(version)s")
def main() -> None:
    """One base URL for LLM traffic: routes, survives failures, keeps the books.

    Each command explains itself: headgate COMMAND --help.
    """
