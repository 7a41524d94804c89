"""Draws pages and charts that open without a network and hold no script.

Rule 1: pure: the same figures give the same text.
Rule 2: whatever came from a caller is escaped, and every chart is told in words too.
"""
