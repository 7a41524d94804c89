"""Vendors' hosted interpreters: the same job, run by a model's tool, with the same result.

Rule 1: the code goes there as a file, and a model is asked for one fixed line that starts it:
what ran is what was sent, or the result says that it is not.
Rule 2: what a run came to is read from a file that our own program wrote beside it, never from
what a model says of it.
Rule 3: a vendor's limits and prices are data with the page and the day they were read.
"""
