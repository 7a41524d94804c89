"""How good an interpreter is at work whose answers are known: here, or at a vendor.

Rule 1: the code is fixed, so what differs is the place that runs it, never a model's skill.
Rule 2: an answer is right by its values, tables and pixels, never by how a run ended.
"""
