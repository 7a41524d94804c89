"""Intervals, tests and sample sizes: what may be said from so many observations."""
