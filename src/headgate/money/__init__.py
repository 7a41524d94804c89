"""What calls cost: prices as dated data (catalog.py), exact arithmetic on them (pricing.py)."""
