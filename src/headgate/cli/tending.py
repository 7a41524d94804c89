"""Has work done while a gateway serves, such as the archive's: by a child of low priority, now
and then.

Rule 1: what reads and writes segments is never loaded by a process that serves.
Rule 2: it delays no shutdown: a child that is at work is killed, which loses nothing.
Rule 3: trouble is told once, and once that it is over; the archive goes on being tended.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence

from headgate.gateway.crew import interpreter

FIRST_S = 60.0
"""after the start: whoever starts a gateway has other things to do first"""
EVERY_S = 600.0
LONGEST_S = 3 * 3_600.0
"""a child that takes longer hangs"""
LAST_LINES = 3


class Tending:
    """Runs from start() to stop(); `say` is called by a thread of its own.

    `task`: the command; `due`: what it is to be done for, such as a day: once that is done, it
    is not done again for the same.
    """

    def __init__(
        self,
        words: Sequence[str],
        say: Callable[[str], object],
        *,
        task: Sequence[str] = ("archive", "tend"),
        due: Callable[[], object] = object,
    ) -> None:
        self._command = [*interpreter(), *task, *words]
        self._say = say
        self._due = due
        self._stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        """held while a child is started: stop() finds it, or none is started any more"""
        self._thread = threading.Thread(target=self._run, name="tending", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns at once."""
        self._stopped.set()
        with self._lock:
            if self._child is not None:
                self._child.kill()

    def _run(self) -> None:
        said, wait_s, done = "", FIRST_S, object()
        while not self._stopped.wait(wait_s):
            wait_s = EVERY_S
            if (due := self._due()) == done:
                continue
            trouble = self._once()
            done = done if trouble else due
            if trouble != said and not self._stopped.is_set():
                self._say(trouble or "it works again")
                said = trouble

    def _once(self) -> str:
        """What went wrong; empty: nothing."""
        with self._lock:
            if self._stopped.is_set():
                return ""
            try:
                self._child = subprocess.Popen(  # noqa: S603 - this program again
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=os.environ,
                )
            except OSError as error:
                return f"it cannot be started: {error}"
        return self._outcome(self._child)

    def _outcome(self, child: subprocess.Popen[bytes]) -> str:
        try:
            _, heard = child.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return f"it took longer than {LONGEST_S / 3_600:.0f} hours and was ended"
        finally:
            with self._lock:
                self._child = None
        if child.returncode == 0:
            return ""
        lines = heard.decode(errors="replace").strip().splitlines()
        return " ".join(lines[-LAST_LINES:]) or f"it ended with {child.returncode}"
