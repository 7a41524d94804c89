"""POST /v1/execute and what belongs to it: callers' code is run, streamed, charged and kept.

Rule 1: a run is a call of its key: limits, budgets, the ledger and metrics hold for it as for
any other; a program that fails is an answer, never an error.
Rule 2: nothing here contains code; that is `headgate.sandbox`, and what it reports is told.
Rule 3: a session belongs to the key that opened it and lives in one worker of one host;
whichever worker is asked reaches it.
"""
