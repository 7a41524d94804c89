"""Is Python code where no worker forks it: an interpreter of its own, in a folder of its own.

Rule 1: it does what a forked child does for code: the same names, figures, tables and cells.
Rule 2: which limit the code ran into is written down for whoever watches; it is the code's own
word, about itself.
"""

from __future__ import annotations

import io
import os
import signal
import socket
import sys
from typing import NoReturn

from headgate.sandbox.worker import made, runner

LINE, TOLD = "HEADGATE_LINE", "HEADGATE_TOLD"
"""variables: the socket of a session; the file for what ended a run"""
_TALK = 3


def main(words: list[str]) -> NoReturn:
    """Run one file, or the cells of a session where no file is named."""
    box = os.getcwd()
    made.FOLDER = os.environ.get("OUTPUT_DIR", made.FOLDER)
    line, told = os.environ.pop(LINE, ""), os.environ.pop(TOLD, "")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path.insert(0, box)
    sys.argv[:] = words or [""]
    if not words:
        runner.run_cells(_connected(line))
    me = os.getpid()
    code, mark = runner.run_file(os.path.join(box, words[0]))
    if os.getpid() == me and mark and told:
        _tell(told, mark)
    os._exit(code)


def _connected(path: str) -> socket.socket:
    if not path:
        return socket.socket(fileno=_TALK)
    line = socket.socket(socket.AF_UNIX)
    line.connect(path)
    return line


def _tell(path: str, mark: str) -> None:
    os.closerange(0, 3)  # where every descriptor is taken there is room again
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        os.write(fd, mark.encode())
    except OSError:
        return
