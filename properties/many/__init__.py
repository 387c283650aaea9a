"""Verdicts on many candidates: warm workers, and a file with a line for each candidate.

`check_many` and `seqlaws-check` are the entry points. docs/many.md describes the file.
"""
