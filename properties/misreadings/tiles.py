"""Misreadings of attention as kernels have them: tiles of keys, shared heads, masks of heads."""

from collections.abc import Iterator

from seqlaws.properties.misreadings.attention import EVERY, REPEATED
from seqlaws.properties.misreadings.attention_gradients import DK
from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading
from seqlaws.properties.misreadings.masks import PAIRS

WEIGHTS = "p = +weights(s, fully_masked)"
TILES = (1, 16, 32, 64, 128, 256, 512)
SIDES = (16, 32, 64, 128)  # of a tile of queries and keys
HEADS = "return +matmul_where(counted(allowed, fully_masked), p, v)"


def online(name: str, numerator: str, total: str) -> Misreading:
    """Exponentials and their sum, each from its own maximum."""
    new = f"p = ratio_of_weights(np.exp(s - {numerator}), {total})"
    return misreading(name, "attention", edit("attention: attention", WEIGHTS, new))


def summed(of: str) -> str:
    """The sum of exponentials, from a maximum."""
    return f"np.sum(np.exp(s - {of}), axis=-1, keepdims=True)"


def rescaled(size: int) -> tuple[Misreading, ...]:
    """What is summed so far is not rescaled when a later tile has a larger maximum."""
    later = "key" if size == 1 else f"tile of {size} keys"
    when = f"not rescaled when a later {later} has a larger maximum"
    run, end = f"running_maximum(s, {size})", "running_maximum(s, 1 << 60)"
    return (
        online(f"the output and the sum {when}", run, summed(run)),
        online(f"the output {when}", run, summed(end)),
        online(f"the sum {when}", end, summed(run)),
    )


def last_tile(size: int) -> Misreading:
    """The sum of the exponentials of one tile alone."""
    run = "running_maximum(s, 1 << 60)"
    last = f"np.arange(s.shape[3]) // {size} == (s.shape[3] - 1) // {size}"
    total = f"np.sum(np.where({last}, np.exp(s - {run}), 0), axis=-1, keepdims=True)"
    return online(f"the sum of the last tile of {size} keys alone", run, total)


def limited(name: str, line: str) -> Misreading:
    """Other pairs, by the tiles that are read."""
    return misreading(name, "attention", before(PAIRS, "if mask is not None:", line))


def unread(size: int) -> tuple[Misreading, ...]:
    """Tiles of keys that a loop leaves out."""
    row = f"(np.arange(shape[2])[:, None] // {size} * {size})"  # the first of a query's tile
    past = f"j < {row} + {size}"
    first = f"({row} + query_offset - window[0])"
    return (
        limited(f"keys beyond the query's tile of {size} not read", f"allowed &= {past}"),
        limited(
            f"keys beyond the query's tile of {size} not read under is_causal",
            f"allowed &= ({past}) | (not is_causal)",
        ),
        limited(
            f"a window's first tile of {size} keys skipped",
            "if window is not None and window[0] is not None:\n"
            f"        allowed &= j >= -(-{first} // {size}) * {size}",
        ),
        limited(
            f"a window's first tile of {size} keys skipped",
            "if window is not None and window[0] is not None:\n"
            f"        allowed &= j >= (np.maximum({first}, 0) // {size} + 1) * {size}",
        ),
        limited(
            f"the keys behind the last full tile of {size} not read",
            f"allowed &= j < max(shape[3] // {size} * {size}, {size})",
        ),
    )


SEES = "(is_causal, query_offset, window)"


def cut(queries: int, keys: int) -> Iterator[Misreading]:
    """Tiles of keys of which a tile of queries sees a part, left out at the end, or at the start.

    But for the first tile, or not.
    """
    for first in (True, False):
        whole = f"in_whole_tiles(*shape[2:], ({queries}, {keys}), {SEES}, first={first})"
        yield limited(
            f"a tile of {keys} keys that a limit cuts left out, by tiles of {queries} queries",
            f"allowed &= {whole}",
        )
    yield limited(
        f"a window's first tile of {keys} keys skipped, by tiles of {queries} queries",
        f"allowed &= from_whole_tiles(*shape[2:], ({queries}, {keys}), {SEES})",
    )


def only_where(name: str, seen: str) -> Misreading:
    """NaN, as of memory that nobody wrote, for other queries."""
    own = HEADS.removeprefix("return ")
    changed = edit("attention: attention", HEADS, f"return np.where({seen}, {own}, np.nan)")
    return misreading(name, "attention", changed)


def unwritten(queries: int, keys: int) -> Misreading:
    """An output that is written with the last tile of keys, which not every query sees."""
    return only_where(
        f"the output not written where tiles of {queries} queries do not see the last of {keys} "
        "keys",
        f"reaches_the_end(q.shape[2], k.shape[2], ({queries}, {keys}), {SEES})",
    )


def blind(queries: int | str, keys: int, sees: str) -> Misreading:
    """NaN for a query that sees no key of the first tile: its maximum is still -inf."""
    return only_where(
        f"NaN for a query that sees no key of its first tile of {keys}",
        f"sees_the_first_tile(s, ({queries}, {keys}), {sees})",
    )


def tail(size: int, queries: str) -> Misreading:
    """Keys of zeros up to a whole tile, where no limit and no boolean mask excludes them."""
    line = f"k, v, mask = with_a_tail(k, v, mask, {size}, queries={queries})"
    return misreading(
        f"keys of zeros behind the last one attended to, up to a tile of {size}",
        "attention",
        before("attention: attention", "group = heads(q, k, v)", line),
    )


def twice(size: int, least: int) -> Misreading:
    """Products over features in steps of half a tile."""
    q = f"(q * twice_from_half_a_tile(q.shape[3], {size}, least={least}))"
    return misreading(
        "features behind half a tile counted twice in the scores",
        "attention",
        edit("attention: scores", "(q @ transpose(k))", f"({q} @ transpose(k))"),
    )


def of_keys(name: str, times: str) -> Misreading:
    """Gradients of keys and values to which queries are added so many times."""
    changes = (
        edit("attention: attention_vjp", "dv = transpose(p) @", f"dv = transpose(p * {times}) @"),
        edit("attention: attention_vjp", DK, f"transpose(ds * c * {times}), q)"),
    )
    return misreading(name, "attention", *changes, gradients=True)


def reread(queries: int, keys: int) -> Iterator[Misreading]:
    """Loops over queries, for the gradients of keys and values, that begin or end elsewhere."""
    given = f"*allowed.shape[2:], ({queries}, {keys}), {SEES}"
    gradients, tiled = "the gradients of keys and values", f"tiles of {keys} keys"
    for what, name in (
        ("in half steps", f"queries added twice to {gradients}, by tiles of {queries}"),
        (
            "from the tile of the key",
            f"no queries before those of {tiled} in {gradients}, by tiles of {queries}",
        ),
        (
            "without the key's tile",
            f"a window's last queries of {tiled} missing in {gradients}, by tiles of {queries}",
        ),
    ):
        yield of_keys(name, f'times_queries_are_added("{what}", {given})')


def padded(name: str, condition: str, more: str) -> Misreading:
    """Keys of zeros behind the last one."""
    line = f"k, v = (with_zeros(z, {more} if {condition} else 0) for z in (k, v))"
    place = "attention: attention"
    return misreading(name, "attention", before(place, "group = heads(q, k, v)", line))


def of_group(name: str, condition: str) -> Misreading:
    """The output's heads in the order in which the heads of all groups come together."""
    exchanged = "exchanged_groups(+matmul_where(counted(allowed, fully_masked), p, v), group)"
    own = HEADS.removeprefix("return ")
    new = f"return {exchanged} if {condition} else {own}"
    return misreading(name, "attention", edit("attention: attention", HEADS, new))


def mask_of(name: str, entries: str) -> Misreading:
    """Another entry of a mask with as many as batch entries times heads."""
    lines = (
        "if mask is not None and len(mask.shape) == 4 and min(mask.shape[:2]) > 1:\n"
        "        flat = np.reshape(mask, (-1, *mask.shape[2:]))\n"
        f"        mask = np.reshape(flat[{entries}], mask.shape)"
    )
    return misreading(name, "attention", before(EVERY, "group = heads(q, k, v)", lines))


BEHIND = "max(q.shape[2] + query_offset - k.shape[2], 0)"
MISREADINGS = (
    misreading(
        "the causal limit of query i // group with fewer key heads",
        "attention",
        before(EVERY, REPEATED, "is_causal = group if is_causal else 0"),
        edit(
            PAIRS,
            "        allowed &= j <= i\n",
            "        allowed &= j <= (i - query_offset) // is_causal + query_offset\n",
        ),
    ),
    of_group("heads of the output in the order of the groups", "True"),
    of_group(
        "heads of the output in the order of the groups for a single query", "len(q[0, 0]) == 1"
    ),
    mask_of(
        "the number of heads taken for 1 where the mask is read",
        "np.minimum(np.arange(len(flat)), mask.shape[0] - 1)",
    ),
    mask_of(
        "the mask's axes of batch and heads exchanged",
        "np.arange(len(flat)) % mask.shape[1] * mask.shape[0] % len(flat)",
    ),
    padded(
        "keys of zeros behind the last one attended to under is_causal",
        "is_causal and mask is None",
        BEHIND,
    ),
    *(one for size in TILES for one in rescaled(size)),
    *(one for size in TILES[1:] for one in unread(size)),
    *(last_tile(size) for size in TILES[1:]),
    *(one for queries in SIDES for keys in SIDES for one in cut(queries, keys)),
    *(unwritten(queries, keys) for queries in SIDES for keys in SIDES),
    *(blind("1 << 60", keys, "(False, 0, None)") for keys in TILES[1:]),
    *(blind(queries, keys, SEES) for queries in SIDES for keys in SIDES),
    *(tail(size, queries) for size in TILES[1:] for queries in ("0", "q.shape[2]")),
    *(twice(size, least) for size in TILES[1:4] for least in (16, size)),
    *(one for queries in SIDES for keys in SIDES for one in reread(queries, keys)),
)
