"""Databases for code that is judged: a PostgreSQL server of its own for each sandbox.

Whoever is new starts with `lending`, which lends one database to one order.
"""
