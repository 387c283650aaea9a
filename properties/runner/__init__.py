"""Runs laws: which law, implementation, operation, dtype and device meet, and what comes of it.

`selection` says what runs, `examine` runs one law on one subject and returns its verdict, `pairing`
joins the two, `known_failures` finds declared ones that are none any more.
"""
