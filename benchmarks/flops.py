"""How much arithmetic and memory traffic an operation is, whoever computes it.

Flops are counted on the plain equations: a product of (m, k) and (k, n) is 2 m k n; each addition,
multiplication, division, comparison and elementary function (exp, tanh, sigmoid) of one entry is 1.
Backward is one forward and the gradients of all arrays, as it is timed; nothing that was computed
on the way is computed twice (a kernel that recomputes does more than is counted here, and so does a
decoder that keeps no keys and values). Options are the defaults: no masks, rnn by tanh, gru with
reset_after.
"""

import math
from collections.abc import Callable, Mapping

from benchmarks.work import Work
from seqlaws.properties.operations import OPERATIONS

Sizes = Mapping[str, int]
ITEM = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}  # bytes


def flops(work: Work) -> int:
    """Floating-point operations of one call."""
    return products(work) + entrywise(work)


def least_bytes(work: Work) -> int:
    """Bytes that must move at the least: each input read once, each output written once."""
    known = OPERATIONS[work.operation]
    whole = [*known.integers, *(known.outputs if known.whole else ())]  # of eight bytes each
    moved = [*work.inputs.items(), *work.outputs.items()]
    return sum(math.prod(s) * (8 if name in whole else ITEM[work.dtype]) for name, s in moved)


def products(work: Work) -> int:
    """The part in matrix products; backward, each product C = A B adds dA = dC B^T, dB = A^T dC."""
    forward = PRODUCTS[work.operation](work.sizes)
    return 3 * forward if work.backward else forward


def entrywise(work: Work) -> int:
    """The part beside the matrix products."""
    forward, gradient = ENTRYWISE[work.operation]
    return forward(work.sizes) + (gradient(work.sizes) if work.backward else 0)


def no_product(_: Sizes) -> int:
    """0."""
    return 0


def attention_products(n: Sizes) -> int:
    """q k^T and p v: 2 B N L S (D + Dv)."""
    return 2 * n["B"] * n["N"] * n["L"] * n["S"] * (n["D"] + n["Dv"])


def multi_head_products(n: Sizes) -> int:
    """The projections of L queries, S keys and values, L outputs; q k^T and p v."""
    b, e = n["B"], n["E"]
    return 2 * b * e * (e * (2 * n["L"] + 2 * n["S"]) + 2 * n["L"] * n["S"])


def encoder_products(n: Sizes) -> int:
    """Four projections, q k^T and p v; two matrices of E F."""
    b, t, e = n["B"], n["T"], n["E"]
    return 2 * b * t * e * (4 * e + 2 * t + 2 * n["F"])


def decoder_products(n: Sizes) -> int:
    """Of T: six projections, two products with keys and values; of S: two; two matrices of E F."""
    b, t, s, e = n["B"], n["T"], n["S"], n["E"]
    return 2 * b * e * (t * (6 * e + 2 * t + 2 * s + 2 * n["F"]) + 2 * s * e)


def written_products(n: Sizes) -> int:
    """As a decoder layer of T = steps, a position with those before it alone; the logits."""
    b, t, e = n["B"], n["steps"], n["E"]
    return decoder_products({**n, "T": t}) - 2 * b * e * t * (t - 1) + 2 * b * t * e * n["V"]


def recurrent_products(blocks: int) -> Callable[[Sizes], int]:
    """W_ih x and W_hh h at each step: 2 B T blocks H (I + H); `lstm_gates` is one step."""
    return lambda n: 2 * n["B"] * n.get("T", 1) * blocks * n["H"] * (n["I"] + n["H"])


def each_score(count: int) -> Callable[[Sizes], int]:
    """`count` for each entry of the scores: R n for softmax, B N L S for attention."""
    return lambda n: count * (n["R"] * n["n"] if "R" in n else n["B"] * n["N"] * n["L"] * n["S"])


def projected(count: int, scores: int) -> Callable[[Sizes], int]:
    """`count` for each number that is projected, `scores` for each entry of the scores."""
    return lambda n: count * 2 * n["B"] * (n["L"] + n["S"]) * n["E"] + each_score(scores)(n)


def each_position(features: int, hidden: int, scores: int) -> Callable[[Sizes], int]:
    """So many for each feature, hidden unit and score of an encoder layer."""
    return lambda n: (
        n["B"] * n["T"] * (features * n["E"] + hidden * n["F"] + scores * n["N"] * n["T"])
    )


def each_decoded(features: int, hidden: int, source: int, scores: int) -> Callable[[Sizes], int]:
    """So many for each feature, hidden unit, feature of the memory and score of a decoder layer."""
    return lambda n: (
        n["B"] * n["T"] * (features * n["E"] + hidden * n["F"])
        + n["B"] * n["S"] * source * n["E"]
        + n["B"] * n["N"] * n["T"] * scores * (n["T"] + n["S"])
    )


def written(n: Sizes) -> int:
    """As `decoder_layer` of T = steps; embeddings with positions before it, logits behind it."""
    b, t = n["B"], n["steps"]
    layer = each_decoded(31, 2, 2, 6)({**n, "T": t}) - 3 * b * n["N"] * t * (t - 1)
    return layer + waves({"length": t, "dim": n["E"]}) + b * t * (n["E"] + 2 * n["V"])


def waves(n: Sizes) -> int:
    """A product, a sine and a cosine for each pair of columns."""
    return 3 * n["length"] * n["dim"] // 2


def each_state(count: int) -> Callable[[Sizes], int]:
    """`count` for each hidden unit at each step: count B T H."""
    return lambda n: count * n["B"] * n.get("T", 1) * n["H"]


def each_feature(count: int) -> Callable[[Sizes], int]:
    """`count` for each feature of each position: count R E."""
    return lambda n: count * n["R"] * n["E"]


def each_factor(count: int) -> Callable[[Sizes], int]:
    """`count` for each factor of each sequence's probability: count B T."""
    return lambda n: count * n["B"] * n["T"]


def turns(n: Sizes) -> int:
    """A product, a cosine and a sine for each angle; two products and a sum for each feature."""
    return 3 * n["L"] * n["D"] // 2 + 3 * n["B"] * n["N"] * n["L"] * n["D"]


PRODUCTS: Mapping[str, Callable[[Sizes], int]] = {
    "softmax": no_product,
    "rnn": recurrent_products(1),
    "lstm_gates": recurrent_products(4),
    "lstm": recurrent_products(4),
    "gru": recurrent_products(3),
    "attention": attention_products,
    "multi_head_attention": multi_head_products,
    "encoder_layer": encoder_products,
    "decoder_layer": decoder_products,
    "generate": written_products,
    "positional_encoding": no_product,
    "rotary_embedding": no_product,
    "layer_norm": no_product,
    "markov_log_prob": no_product,
}
ENTRYWISE: Mapping[str, tuple[Callable[[Sizes], int], Callable[[Sizes], int]]] = {
    # max, -, exp, sum, /; then dx = p (dp - sum dp p): *, sum, -, *
    "softmax": (each_score(5), each_score(4)),
    # three sums and tanh; then dy + dh, (1 - h h), its product, db: 1 + 2 + 1 + 1
    "rnn": (each_state(4), each_state(5)),
    # in each of 4 blocks three sums and an activation; then di i (1 - i) and the like, db: 3 + 1
    "lstm_gates": (each_state(16), each_state(16)),
    # beside the gates c = f c + i g, h = o tanh c: 5; then dy + dh, dc + dh o (1 - tanh^2 c): 6,
    # di, df, dg, do, dc f: 5
    "lstm": (each_state(21), each_state(27)),
    # r, z: 8; n = tanh(W x + b + r (W h + b)): 5; h = n + z (h - n): 3; then dy + dh: 1,
    # dn (1 - z) (1 - n n): 5, dh (h - n) z (1 - z): 4, dr: 4, dn r: 1, dh z + ...: 2, db twice: 4
    "gru": (each_state(16), each_state(21)),
    # the scale and softmax; then softmax's gradient and the scale
    "attention": (each_score(6), each_score(5)),
    # sum, -, *, sum, /; *, +; then dy w: 1, two sums, the gradient of x: 8, of w and b: 3
    "layer_norm": (each_feature(7), each_feature(11)),
    # a logarithm and a sum; a quotient and a sum in the gradient, which needs no logarithm
    "markov_log_prob": (each_factor(2), no_product),
    # a bias for each projected number; then its gradient
    "multi_head_attention": (projected(1, 6), projected(1, 5)),
    # biases 5, sums past the sublayers 2, norms 2 x 7; hidden units: bias, relu; then biases 5,
    # sums 2, dq + dk + dv 2, norms 2 x 11; hidden units: slope, its product, bias
    "encoder_layer": (each_position(21, 2, 6), each_position(31, 3, 5)),
    # biases 4 + 2, of the memory 2, sums past the sublayers 3, norms 3 x 7, linear2 1; then those
    # biases, sums, dq + dk + dv 2, of the memory dk + dv 1, norms 3 x 11
    "decoder_layer": (each_decoded(31, 2, 2, 6), each_decoded(45, 3, 3, 5)),
    # a bias and a comparison for each logit
    "generate": (written, no_product),
    "positional_encoding": (waves, no_product),
    # the gradient is a rotation, too, and needs nothing of the forward one
    "rotary_embedding": (turns, no_product),
}
