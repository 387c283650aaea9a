"""Runs laws: which law, implementation, operation, dtype and device meet, and what comes of it.

`pairing` selects, `examine` runs one law on one subject and returns its verdict.
"""
