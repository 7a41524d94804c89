"""The audit as one file of HTML: no script, nothing to fetch, charts drawn here."""
