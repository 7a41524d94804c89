"""A process that writes replies into a file until it is killed, and tells of each batch.

`python -m tests.store.replies.writer FILE FIRST COUNT BYTES`: COUNT 0 is without end.
"""

from __future__ import annotations

import sys
from pathlib import Path

from headgate.store.replies.disk import Disk
from headgate.store.replies.far import Box
from headgate.store.replies.kept import packed
from headgate.store.sealed import seal
from tests.store.replies.kit import DAY_US, NOW_US, asked_of, kept_of

BATCH = 5


def box_of(n: int, text: str) -> Box:
    asked = asked_of(n)
    data = seal(asked.key, packed(kept_of(text)), asked.name)
    return Box(asked.name, data, NOW_US, NOW_US + DAY_US)


def main() -> None:
    path, first, count, size = sys.argv[1], *map(int, sys.argv[2:5])
    disk, n = Disk(Path(path), 1 << 40), first
    while not count or n < first + count:
        disk.write(
            [box_of(n + k, f"reply {n + k} " + "x" * size) for k in range(BATCH)], NOW_US
        )
        n += BATCH
        print(n, flush=True)
    disk.close()


if __name__ == "__main__":
    main()
