"""Untrusted code: runs it where it can reach nothing, and says what that place covers.

Rule 1: what cannot be contained as the configuration asks is refused, never run with less.
Rule 2: `worker/` runs beside the code it contains: standard library only, no secrets.
Rule 3: a sandbox that could not start is our fault and never counts against the code.
"""
