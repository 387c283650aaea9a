"""Array libraries: NumPy, torch and JAX, each a class that keeps one protocol.

A backend makes an implementation's arrays from float64 NumPy arrays, reads them back, lays them out
in memory and takes gradients. It also knows the library's global state, which no call may change.
Nothing else in the suite knows what a library is.
"""
