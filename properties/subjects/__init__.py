"""An implementation under test, bound to one operation, dtype and device.

A subject turns a case into the implementation's own arrays, calls it, checks what every call must
keep, and asks the specification for the expected values and allowed errors.
"""
