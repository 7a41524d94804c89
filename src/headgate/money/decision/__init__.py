"""Which model, and whether a gateway: what is compared, and what is advised."""
