"""Which model, on our tasks, at what cost per right answer, and is the difference real.

Rule 1: a task is data; a grade is the sandbox's verdict, never a printed word.
Rule 2: what went wrong on our side is counted apart and never against a model.
"""
