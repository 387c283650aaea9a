"""Array libraries: NumPy, torch and JAX, each a class in a module of its own.

`protocol.py` says what a library must offer. A new one is a module and a line in `registry.py`.
`side_effects.py` watches the global state that no call may change. Nothing else in the suite knows
what a library is.
"""
