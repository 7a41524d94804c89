"""How what tools print is understood; each reader is pure and says when it cannot."""
