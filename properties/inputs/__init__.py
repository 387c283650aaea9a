"""Cases: the inputs of one call, drawn by Hypothesis or from a seed.

The same seed gives the same case for every implementation, on every machine. Arrays are float64
numbers that the dtype holds exactly. Nothing here knows an implementation or an operation by name.
"""
