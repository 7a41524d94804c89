"""Verdicts in the forms that others read: terminals, JUnit, SARIF, GitHub's annotations."""
