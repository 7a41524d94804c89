"""What a run of samples means: numbers with their intervals, comparisons, and a gate.

Rule 1: every number is counted from the records of results.json, by pure functions.
Rule 2: whatever is said to be better or worse has passed a test that is named beside it.
"""
