"""Decides whether an answer is right: comparison with a bound, search for a failing case, verdict.

No tolerance is picked here: the allowed error comes from the specification, or is zero.
"""
