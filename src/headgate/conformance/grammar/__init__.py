"""Strict judges of whole streams, one for each dialect."""
