"""Vendors' code tools as their callers know them, where Headgate runs the code itself.

Rule 1: towards the model there is a function of ours in the vendor's tool's place; towards the
caller there is what the vendor would have answered, block by block and event by event.
Rule 2: what a caller sends back of earlier turns is said to the model as calls of that
function.
"""
