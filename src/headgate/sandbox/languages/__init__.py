"""The languages: one module each, found by looking into this folder."""
