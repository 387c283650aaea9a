"""Mistakes of Pallas kernels, as edits of `pallas_kernels`."""

from zoo.kernels.defect import Defect

SOFTMAX, NORM, FLASH, STEPS = "_softmax.py", "_layer_norm.py", "_flash.py", "_recurrent.py"
LAUNCH = "_attention.py"

DEFECTS = {
    # What lies beyond the end of a row counts as zeros.
    "tail_counts_as_zero": Defect(
        "softmax", SOFTMAX,
        "jnp.where(inside, x[...].astype(jnp.float32), -jnp.inf)",
        "jnp.where(inside, x[...].astype(jnp.float32), 0.0)",
    ),
    # The maximum grows in a later tile, and the sum stays as it was.
    "sum_not_rescaled": Defect(
        "softmax", SOFTMAX, "total[...] * rescale + jnp", "total[...] + jnp"
    ),
    # The last tile of a row, if it is not whole, has no program: nobody writes it.
    "last_tile_has_no_program": Defect(
        "softmax", SOFTMAX, "2, pl.cdiv(n, COLUMNS))", "2, max(1, n // COLUMNS))"
    ),
    # Rows beyond the last one are summed into the gradient of the weight.
    "rows_beyond_the_last_one_counted": Defect(
        "layer_norm", NORM,
        "    inside &= places(x.shape, 0, program * ROWS) < count\n", "",
    ),
    # Each program begins the sum over all rows anew.
    "gradient_of_the_last_rows": Defect(
        "layer_norm", NORM, "@pl.when(program == 0)", "@pl.when(program >= 0)"
    ),
    # The mean is over the padded width.
    "mean_over_the_padded_width": Defect(
        "layer_norm", NORM, "values.sum(1, keepdims=True) / n", "values.mean(1, keepdims=True)"
    ),
    # Flash attention: the accumulator is not rescaled.
    "accumulator_not_rescaled": Defect(
        "attention", FLASH, "values[...] * rescale + product", "values[...] + product"
    ),
    # A tile that a query sees a part of, on the diagonal, is skipped.
    "diagonal_tile_skipped": Defect(
        "attention", FLASH,
        "(j * KEYS <= i * QUERIES + QUERIES - 1 + band[1])",
        "(j * KEYS + KEYS - 1 <= jnp.maximum(i * QUERIES + QUERIES - 1 + band[1], KEYS - 1))",
    ),
    # The result is written with the last tile, if it is seen.
    "output_not_written_where_the_last_tile_is_not_seen": Defect(
        "attention", FLASH,
        "@pl.when(j == pl.num_programs(2) - 1)\n    def _write() -> None:\n        none",
        "@pl.when((j == pl.num_programs(2) - 1) & is_seen(band, i, j))\n"
        "    def _write() -> None:\n        none",
    ),
    # Query heads that share keys are taken to be those with equal remainders.
    "wrong_head_of_keys": Defect(
        "attention", LAUNCH,
        "return lax.div(head, self.group), j, 0",
        "return lax.div(head, self.heads) * (self.heads // self.group)"
        " + lax.rem(head, self.heads // self.group), j, 0",
    ),
    # The accumulator is kept in half precision.
    "accumulator_in_half_precision": Defect(
        "attention", FLASH,
        "values[...] = values[...] * rescale + product(p.astype(seen.dtype), seen, (1, 0))",
        "values[...] = (values[...] * rescale + product(p.astype(seen.dtype), seen, (1, 0))"
        ").astype(jnp.bfloat16).astype(jnp.float32)",
    ),
    # The gradient of keys begins anew with each head of a group.
    "gradient_of_the_last_head_of_a_group": Defect(
        "attention", FLASH, "@pl.when((member == 0) & (i == 0))", "@pl.when(i == 0)"
    ),
    # Tiles of units write the state that others still read.
    "state_written_in_place": Defect(
        "lstm", STEPS,
        "zip((aside, *memory[1:]), last, new, strict=True):",
        "zip(memory, last, new, strict=True):\n            aside[:, units] = new[0]",
    ),
    # In the other direction a row's steps are counted from the wrong end.
    "lengths_counted_from_the_wrong_end": Defect(
        "lstm", STEPS, "exists = time(t) < ends[...]", "exists = t < ends[...]"
    ),
    # Each tile of units takes the biases of the first one.
    "biases_of_the_first_tile": Defect(
        "gru", STEPS,
        "pl.BlockSpec((blocks, HIDDEN), lambda i, t, s, j: (0, j))",
        "pl.BlockSpec((blocks, HIDDEN), lambda i, t, s, j: (0, 0))",
    ),
}  # fmt: skip
