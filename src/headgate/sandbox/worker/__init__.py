"""What runs beside untrusted code: standard library only, no import of the rest of Headgate."""
