"""Mistakes of Triton kernels, as edits of `triton_kernels`."""

from zoo.kernels.defect import Defect

SOFTMAX, NORM = "kernels/softmax.py", "kernels/layer_norm.py"
FORWARD, BACKWARD = "kernels/attention.py", "kernels/attention_backward.py"
STEPS = "kernels/recurrent.py"

DEFECTS = {
    # The tail of a row counts as zeros: each adds e^0 to the sum.
    "tail_counts_as_zero": Defect(
        "softmax", SOFTMAX,
        'other=float("-inf"))\n        s = s.to(tl.float32)',
        "other=0.0)\n        s = s.to(tl.float32)",
    ),
    # The maximum grows in a later tile, and the sum stays as it was.
    "sum_not_rescaled": Defect(
        "softmax", SOFTMAX, "total = total * tl.exp(largest - base) + ", "total = total + "
    ),
    # A tile of -inf: -inf - -inf is NaN.
    "maximum_of_a_masked_tile": Defect(
        "softmax", SOFTMAX, 'base = tl.where(new == float("-inf"), 0.0, new)', "base = new"
    ),
    # The stride of a row is taken for the padded width of a tile.
    "row_stride_of_the_padded_width": Defect(
        "softmax", SOFTMAX,
        "tl.store(p + row * n + first", "tl.store(p + row * tl.minimum(COLUMNS, n) + first",
    ),
    # The first stage of the gradient keeps the last tile's sum.
    "inner_product_of_the_last_tile": Defect("softmax", SOFTMAX, "inner +=", "inner ="),
    # The tail of a row counts in the variance, by the square of the mean.
    "variance_counts_the_tail": Defect(
        "layer_norm", NORM,
        "d = tl.where(first + column < n, tile(x, row, column, first, rows, n) - mean, 0.0)",
        "d = tile(x, row, column, first, rows, n) - mean",
    ),
    # The second stage takes steps that are one too short: parts are added twice.
    "parts_added_twice": Defect(
        "layer_norm", NORM, "range(0, count, PARTS)", "range(0, count, PARTS - 1)"
    ),
    # The mean is over the padded width.
    "mean_over_the_padded_width": Defect("layer_norm", NORM, "across / n", "across / COLUMNS"),
    # Flash attention: the accumulator is not rescaled.
    "accumulator_not_rescaled": Defect(
        "attention", FORWARD, "        values = values * rescale[:, None]\n", ""
    ),
    # A whole block that a query does not see.
    "block_without_a_key_is_nan": Defect(
        "attention", FORWARD, 'base = tl.where(new == float("-inf"), 0.0, new)', "base = new"
    ),
    # The loop over keys ends before the block on the diagonal that is not whole.
    "partial_diagonal_block_skipped": Defect(
        "attention", FORWARD,
        "tl.minimum(tl.minimum(begin + QUERIES, L) + high, S)",
        "tl.where(begin + QUERIES + high < S, (begin + QUERIES + high) // KEYS * KEYS, S)",
    ),
    # Keys beyond the last one have a score of zero.
    "tail_of_keys_attended": Defect(
        "attention", FORWARD, "visible = inside & (i", "visible = (i"
    ),
    # Heads of a group are taken as if they lay apart.
    "value_heads_tiled": Defect(
        "attention", FORWARD,
        "v += batch * v_batch + head // group", "v += batch * v_batch + head % (N // group)",
    ),
    # The accumulator is kept in half precision.
    "accumulator_in_half_precision": Defect(
        "attention", FORWARD,
        'input_precision="ieee")\n        largest = new',
        'input_precision="ieee").to(tl.float16).to(tl.float32)\n        largest = new',
    ),
    # Memory that nobody wrote, where a query sees no key.
    "output_not_written_without_a_key": Defect(
        "attention", FORWARD,
        "inside = (i[:, None] < L) & (feature[None, :] < Dv)",
        "inside = (i[:, None] < L) & (feature[None, :] < Dv) & (total > 0.0)[:, None]",
    ),
    # Products over features in steps of half a tile: most are added twice.
    "features_added_twice": Defect(
        "attention", FORWARD, "range(0, count, FEATURES)", "range(0, count, FEATURES // 2)"
    ),
    # The gradient of keys misses the queries that an offset lets see them.
    "offset_forgotten_in_the_gradient_of_keys": Defect(
        "attention", BACKWARD, "tl.maximum(begin - high, 0)", "tl.maximum(begin, 0)"
    ),
    # The gradient of keys is that of one head of a group.
    "gradient_of_one_head_of_a_group": Defect(
        "attention", BACKWARD, "in range(group)", "in range(1)"
    ),
    # The window's left side is forgotten where blocks of queries are skipped.
    "window_cuts_the_gradient_of_keys": Defect(
        "attention", BACKWARD, "tl.minimum(begin + KEYS, S) - low, L)", "begin - low, L)"
    ),
    # Tiles of hidden units write the state that others still read.
    "state_written_in_place": Defect(
        "lstm", "_recurrent.py", "after = [torch.empty_like(s) for s in states]", "after = states"
    ),
    # The last inputs are no whole tile.
    "tail_of_the_products_dropped": Defect(
        "lstm", STEPS, "range(0, count, INNER)", "range(0, count // INNER * INNER or count, INNER)"
    ),
    # A row that has ended takes the step.
    "state_moves_on_after_the_end": Defect(
        "gru", STEPS, "tl.where(exists, value, old), mask", "value, mask"
    ),
    # What lies behind a row is the next row: finite, and not of this row.
    "statistics_read_beyond_the_row": Defect(
        "softmax", SOFTMAX,
        'inside = (row < rows) & (first + column < n)\n'
        '        s = tl.load(x + row * n + first + column, mask=inside, other=float("-inf"))\n'
        '        s = s.to(tl.float32)',
        'inside = row * n + first + column < rows * n\n'
        '        s = tl.load(x + row * n + first + column, mask=inside, other=float("-inf"))\n'
        '        s = s.to(tl.float32)',
    ),
    # The features of a key are taken to be side by side.
    "stride_of_features_forgotten": Defect(
        "attention", FORWARD, "d[:, None] * b_column", "d[:, None]"
    ),
    # The keys of a mask are taken to be side by side, also where it has one for all.
    "stride_of_the_mask_forgotten": Defect(
        "attention", FORWARD,
        "j[None, :].to(tl.int64) * mask_key\n", "j[None, :].to(tl.int64)\n",
    ),
    # The first block of a window, which is not whole, is skipped.
    "first_block_of_a_window_skipped": Defect(
        "attention", FORWARD,
        "start = tl.maximum(begin + low, 0) // KEYS * KEYS",
        "start = (tl.maximum(begin + low, 0) + KEYS - 1) // KEYS * KEYS",
    ),
    # Steps over queries that are one half too short: most are added twice.
    "queries_added_twice": Defect(
        "attention", BACKWARD, "range(start, end, QUERIES)", "range(start, end, QUERIES // 2)"
    ),
    # The gradient turns on, not back.
    "gradient_turned_on": Defect(
        "rotary_embedding", "_rotary.py", "interleaved, -1.0)", "interleaved, 1.0)"
    ),
}  # fmt: skip
