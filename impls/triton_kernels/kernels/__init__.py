"""The kernels, in Triton. Accumulators are float32 whatever the dtype of the arrays.

Triton reads these functions as source: their arguments are pointers, sizes and strides, and those
in capitals are known at compile time.
"""
