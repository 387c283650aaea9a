"""Implementations that are called in another way than the contract's: right ones, and wrong ones.

They are put to the suite's laws by `tests/subjects/test_conventions.py`.
"""
