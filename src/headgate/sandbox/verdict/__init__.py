"""Verdicts that cannot be forged: whether code passes tests, decided beyond the code's reach.

Rule 1: neither an exit code nor printed text ever decides; the judge saw the checks run itself.
Rule 2: the code has a process of its own and is called by value; the judge never holds it.
Rule 3: a run without a single check that passed is no pass.
"""
