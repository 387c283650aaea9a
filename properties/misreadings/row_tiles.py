"""Misreadings of softmax and layer_norm as kernels have them: tiles of a row, tiles of rows."""

from collections.abc import Iterator

from seqlaws.properties.misreadings.edits import Misreading
from seqlaws.properties.misreadings.layer_norm import SUMS, sums
from seqlaws.properties.misreadings.softmax import gradient, weights

COLUMNS = (16, 32, 64, 128, 256, 512, 1024)
ROWS = (2, 4, 8, 16, 32, 64, 128)
ENTRIES = (512, 1024, 2048, 4096)  # of a tile of positions
OF_ALL = "running_maximum(x, 1 << 60)"


def tiles_of_a_row(size: int) -> Iterator[Misreading]:
    """Sums that forget an earlier tile's maximum; entries that no tile covers."""
    when = f"when a later {'entry' if size == 1 else f'tile of {size}'} has a larger maximum"
    total = f"np.sum(np.exp(x - running_maximum(x, {size})), axis=-1, keepdims=True)"
    ratio = f"ratio_of_weights(np.exp(x - {OF_ALL}), {total})"
    yield weights(f"the sum not rescaled {when}", ratio, "softmax")
    if size == 1:
        return
    whole = f"np.arange(x.shape[-1]) < max(x.shape[-1] // {size} * {size}, {size})"
    behind = f"the entries behind the last full tile of {size}"
    some = f"softmax_rows(np.where({whole}, x, -np.inf))"
    yield weights(f"{behind} not written", f"np.where({whole}, softmax_rows(x), np.nan)", "softmax")
    yield weights(
        f"{behind} not read, nor written", f"np.where({whole}, {some}, np.nan)", "softmax"
    )
    inner = f"np.sum(last_block(dp * p, {size}), axis=-1, keepdims=True)"
    yield gradient(f"the last tile of {size} alone in the row sum", f"p * (dp - {inner})")


def tiles_of_rows(size: int) -> Iterator[Misreading]:
    """Gradients of weight and bias of the last tile of positions alone, or with those behind it."""
    positions = "np.reshape(z, (rows, n))"
    tail = f"[max(rows - 1, 0) // {size} * {size} :]"
    yield sums(
        f"the gradients of weight and bias of the last tile of {size} positions alone",
        SUMS.replace(positions, positions + tail),
    )
    yield sums(
        f"positions behind the last one in the gradients of weight and bias, by tiles of {size}",
        SUMS.replace("axis=0)", f"axis=0) * (np.nan if rows % {size} else 1)"),
    )


def parts_again(step: int, parts: int) -> Iterator[Misreading]:
    """Gradients of weight and bias of which some tiles of positions are added more than once.

    A tile has a fixed number of positions, or as many as make up a fixed number of entries.
    """
    sizes = (*ROWS, *(f"({n} // whole_tiles(n, 256))" for n in ENTRIES))
    for size in sizes:
        again = f"times_a_part_is_added(rows, {size}, {step}, {parts})"
        yield sums(
            f"tiles of positions added again to the gradients of weight and bias, {parts} tiles in "
            f"steps of {step}",
            SUMS.replace("(z, (rows, n))", f"(z, (rows, n)) * {again}"),
        )


def going_on(name: str, width: str) -> Misreading:
    """Sums that go on into the next row."""
    rows = f"softmax_rows(with_next_rows(x, {width}))[..., : x.shape[-1]]"
    return weights(f"the next rows up to a {name} in the sum", rows, "softmax")


MISREADINGS = (
    going_on("power of two", "1 << max(x.shape[-1] - 1, 0).bit_length()"),
    *(going_on(f"multiple of {n}", f"x.shape[-1] + -x.shape[-1] % {n}") for n in COLUMNS),
    *(one for size in (1, *COLUMNS) for one in tiles_of_a_row(size)),
    *(one for size in ROWS for one in tiles_of_rows(size)),
    *(one for n in ROWS[1:5] for step in (n - 1, n // 2) for one in parts_again(step, n)),
)
