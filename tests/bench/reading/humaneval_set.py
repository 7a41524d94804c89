"""HumanEval as it lies beside this checkout, where it does."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[4] / "shared" / "data" / "HumanEval.jsonl.gz"
COUNT = 164
beside = pytest.mark.skipif(
    not FILE.is_file(),
    reason="NOT RUN: HumanEval is not beside this checkout (shared/data/HumanEval.jsonl.gz)",
)


def records() -> list[dict[str, Any]]:
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        return [json.loads(it) for it in lines]
