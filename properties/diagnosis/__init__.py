"""Diagnosis of a wrong implementation: the misreading of the specification that explains it.

It takes the recorded calls of a failed law, calls the implementation on a few discriminating
cases, and compares its answers with those of each misreading. It never raises, and decides no
verdict.
"""
