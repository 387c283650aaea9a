"""The six causes that a reader should be told of each blog, and where each one shows.

Nothing else is wrong with them (`test_blogs.py`). What the contract only asks for may be told as
well: bits that depend on chunks or batches, a NaN in a masked key that reaches an output (0 * NaN).
"""

DECLARED = {  # a diagnosis of the zoo, and what is told where a trait would declare it
    "the mean for a fully masked row": "fully masked rows give the mean of all values",
    "NaN for a fully masked row": "fully masked rows give NaN",
    "zeros for a fully masked row": "fully masked rows give zeros",
    "causal bottom-right": "the causal mask aligned bottom-right",
    "causal top-left": "the causal mask aligned top-left",
}
SIX = {
    "float64 is returned for float32 inputs": "softmax, lstm, attention",
    "a floating mask is read as a boolean one": "attention",
    "NaN for fully masked rows": "softmax, attention",
    "the initial state itself is returned where T = 0: the output shares its memory": "lstm",
    "fewer key heads than query heads are not supported": "attention",
    "shapes and dtypes are not checked": "softmax, lstm, attention",
}
HOW = {
    "blog_a": (
        "softmax turns its input into float64, y is made with np.zeros",
        "mask.astype(bool): what is not zero may be attended to",
        "-inf minus the maximum of -inf",
        "h, c = h0, c0 before a loop of no steps",
        "q @ k.swapaxes(-1, -2): heads cannot be broadcast, unless there is one key head",
        "no checks at all",
    ),
    "blog_b": (
        "np.subtract(dtype=np.float64), np.sqrt(D) is a float64, the sigmoid fills np.empty",
        "np.where(mask, scores, -inf): what is not zero may be attended to",
        "-inf minus the maximum of -inf",
        "h, c = h0, c0 before a loop of no steps",
        "einsum: heads cannot be broadcast, unless there is one key head",
        "no checks at all",
    ),
    "blog_c": (
        "results are written into np.zeros, the weights are cast to float64",
        "mask > 0: what is above zero may be attended to",
        "softmax subtracts -inf from -inf, attention divides 0 by 0",
        "an early return of h0, c0 where there are no steps",
        "np.matmul: heads cannot be broadcast, unless there is one key head",
        "no checks at all",
    ),
}
EXPECTED = {
    blog: [
        {"cause": c, "operations": o, "how": h} for (c, o), h in zip(SIX.items(), how, strict=True)
    ]
    for blog, how in HOW.items()
}
