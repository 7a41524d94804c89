"""genai-prices as Headgate reads it: its rows without its dependencies (see rows.py)."""
