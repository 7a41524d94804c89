"""Two hundred ledgers with planted waste: how much of it an audit finds, how much of what it
finds is there, and how near its total comes to what a changed caller would have saved.

Rule 1: all of it is simulated: the calls, the vendor's cache and the bills; the prices are the
catalogue's.
Rule 2: a ledger is known by its seed: what was wrong or missed can be looked at again.

    make bench-audit ARGS="--ledgers 20 --seed 500"
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from statistics import quantiles

from headgate.audit.rules import load
from tests.audit.planted.score import Score, ledger, score

PRECISION, RECALL, WITHIN = 0.95, 0.9, 0.05


def of_seed(seed: int) -> Score:
    return score(ledger(seed), load())


def failures(found: Score) -> Iterator[str]:
    """What is below its floor."""
    for rule in found.rules:
        if found.precision(rule) < PRECISION:
            yield f"{rule}: precision {found.precision(rule):.3f} is below {PRECISION}"
        if found.recall(rule) < RECALL:
            yield f"{rule}: recall {found.recall(rule):.3f} is below {RECALL}"
    if abs(found.share - 1) > WITHIN:
        yield f"the total claim is {found.share:.3f} of what could be saved"


def told(found: Score) -> Iterator[str]:
    heads = ("claims", "right", "precision", "planted", "recall")
    yield "{:20} {:>7} {:>6} {:>9} {:>8} {:>7}".format("rule", *heads)
    for rule in found.rules:
        yield (
            f"{rule:20} {found.told[rule]:7} {found.right[rule]:6} {found.precision(rule):9.3f}"
            f" {found.planted[rule]:8} {found.recall(rule):7.3f}"
        )
    low, *_, high = quantiles(found.ratios, n=20)
    yield (
        f"claimed ${found.claimed_nusd / 1e9:,.2f} of ${found.realisable_nusd / 1e9:,.2f} that"
        f" could be saved (simulated): {found.share:.2%}; nine ledgers of ten lie between"
        f" {low:.1%} and {high:.1%}; the bills were ${found.bill_nusd / 1e9:,.2f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledgers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    started = time.monotonic()
    found = Score()
    with ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        seeds = range(asked.seed, asked.seed + asked.ledgers)
        for one in pool.map(of_seed, seeds, chunksize=4):
            found.add(one)
    took = time.monotonic() - started
    if asked.json:
        rules = {
            rule: {"precision": found.precision(rule), "recall": found.recall(rule)}
            for rule in found.rules
        }
        print(json.dumps({"rules": rules, "claimed_of_realisable": found.share}))
    else:
        print("\n".join([*told(found), *found.notes]))
        print(f"{asked.ledgers} ledgers in {took:.0f} s")
    wrong = [*failures(found)]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
