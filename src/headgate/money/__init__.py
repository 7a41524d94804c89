"""What calls cost: prices as dated data (catalog.py) and their exact arithmetic (pricing.py)."""
