"""Reads datasets: one file for each shape, all of them into tasks.

Rule 1: a shape is recognised by what a file holds, or named; a guess that fails is an error.
Rule 2: what cannot be a task is rejected by name; nothing is left out silently.
"""
