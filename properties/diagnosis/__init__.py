"""Why a wrong implementation is wrong: the misreading of the specification that explains it.

Takes the recorded calls of a failed law, asks the implementation for a few more discriminating
cases, and compares its answers with those of each misreading. It never raises, and decides no
verdict.
"""
