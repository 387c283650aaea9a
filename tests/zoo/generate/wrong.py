"""Wrong greedy decoding in NumPy."""

import math
from functools import partial

import numpy as np

from zoo.cases import case, fill, put
from zoo.entries import wrong
from zoo.generate import base
from zoo.generate.base import generate
from zoo.manners import accepts
from zoo.witness import differs

given = partial(case, "generate")
text = partial(wrong, generate)


def any_text(**options):
    """Some of a few texts is another one."""
    witnesses = [differs(given(seed=seed, V=9, steps=9, **options)) for seed in range(12)]
    return lambda subject: any(shows(subject) for shows in witnesses)


ANY = any_text()
TIED = any_text(**{"params.projection.weight": fill(0.0), "params.projection.bias": fill(0.5)})


@text("chosen", "ties", TIED, diagnosis="ties to the highest")
def text_ties_to_the_highest(a, scores):
    """Of equal logits the last token is taken."""
    return scores.shape[-1] - 1 - np.argmax(scores[:, ::-1], axis=-1)


@text("chosen", "ties", TIED)
def text_ties_by_lot(a, scores):
    """Of equal logits any token is taken, the same for the same logits."""
    order = np.random.default_rng(5).permutation(scores.shape[-1])
    return order[np.argmax(scores[:, order], axis=-1)]


@text("chosen", "indexing", ANY)
def text_greedy_over_the_batch(a, scores):
    """The arg max is over the rows of the batch, cut or repeated to their number."""
    found = np.argmax(scores, axis=0) if len(scores) else np.zeros(1)
    return np.resize(found, len(scores)).astype(np.int64)


@text("chosen", "formula", ANY)
def text_drawn_by_chance(a, scores):
    """Tokens are drawn with the probabilities that the logits stand for."""
    noise = np.random.default_rng().gumbel(size=scores.shape)
    return np.argmax(scores + noise, axis=-1)


@text("chosen", "formula", ANY)
def text_without_repetitions(a, scores):
    """No token is written twice in a row."""
    last = getattr(a, "last", None)
    if last is not None and scores.shape[-1] > 1:
        scores = np.where(np.arange(scores.shape[-1]) == last[:, None], -np.inf, scores)
    a.last = np.argmax(scores, axis=-1)
    return a.last


@text("chosen", "end of text", ANY, diagnosis="stops at token 0")
def text_stops_at_token_zero(a, scores):
    """Behind token 0 a row writes nothing else: it is taken for the end of a text."""
    tokens = np.argmax(scores, axis=-1)
    a.ended = getattr(a, "ended", np.zeros(len(tokens), bool))
    tokens = np.where(a.ended, 0, tokens)
    a.ended = a.ended | (tokens == 0)
    return tokens


@text("kept", "indexing", ANY, diagnosis="start is the first token")
def text_begins_with_start(a, tokens):
    """The start is returned as the first token, and the last one is lost."""
    begin = np.asarray(a.start)[:, None]
    return np.concatenate([begin, tokens], axis=1)[:, : tokens.shape[1]]


@text("kept", "indexing", ANY)
def text_backwards(a, tokens):
    """The text is returned from its end to its beginning."""
    return tokens[:, ::-1]


@text("first", "option ignored", ANY, diagnosis="start ignored")
def text_start_ignored(a):
    """Every text begins behind token 0, whatever start is."""
    return np.zeros_like(np.asarray(a.start, np.int64))


@text("first", "indexing", ANY)
def text_start_of_the_first_row(a):
    """All rows begin behind the first row's start."""
    start = np.asarray(a.start, np.int64)
    return np.repeat(start[:1], len(start))


@text("position", "position", ANY, diagnosis="positions counted from 1")
def text_positions_from_one(a, t):
    """The first token stands at position 1."""
    return base.position(a, t + 1)


@text("position", "position", ANY, diagnosis="position 0 for every token")
def text_position_always_zero(a, t):
    """Every token is given the encoding of position 0: the cache's length is not counted."""
    return base.position(a, 0)


@text("position", "position", ANY, diagnosis="no positions")
def text_without_positions(a, t):
    """No positions are added."""
    return 0 * base.position(a, t)


@text("position", "position", ANY)
def text_sines_before_cosines(a, t):
    """All sines stand in the first columns, all cosines behind them."""
    encoding = base.position(a, t)
    return np.concatenate([encoding[::2], encoding[1::2]])


@text("entered", "scale", ANY, diagnosis="embedding times sqrt(E)")
def text_embedding_scaled(a, x, p):
    """The embedding is multiplied by the root of E, as in the paper, but not in the contract."""
    return base.entered(a, x * x.dtype.type(math.sqrt(x.shape[-1])), p)


@text("scores", "wiring", ANY, diagnosis="projection tied to the embedding")
def text_projection_is_the_embedding(a, x):
    """The embedding's matrix projects, too: the projection's is ignored."""
    return x @ a.params["embedding.weight"].T + a.params["projection.bias"]


@text("scores", "bias", any_text(**{"params.projection.bias": lambda b: 4 * b}),
      diagnosis="no projection.bias")  # fmt: skip
def text_projection_without_bias(a, x):
    """The projection's bias is missing."""
    return x @ a.params["projection.weight"].T


@text("remembered", "cache", ANY, diagnosis="only the last token is seen")
def text_of_the_last_token_alone(a, cache, i, t, k, v):
    """Nothing is kept: each token attends to itself alone."""
    return k[:, :, None], v[:, :, None]


@text("remembered", "cache", ANY)
def text_cache_of_the_first_layer(a, cache, i, t, k, v):
    """The second layer reads the keys and values of the first."""
    base.remembered(a, cache, i, t, k, v)
    return cache[0, "k"], cache[0, "v"]


@text("remembered", "cache", ANY)
def text_cache_one_behind(a, cache, i, t, k, v):
    """A token's own keys and values enter the cache only when the next one is read."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    return (keys, values) if t == 0 else (keys[:, :, :-1], values[:, :, :-1])


@text("remembered", "cache", ANY)
def text_cache_of_four(a, cache, i, t, k, v):
    """The cache holds four positions, and forgets what came before."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    return keys[:, :, -4:], values[:, :, -4:]


@text("remembered", "cache", ANY)
def text_cache_without_the_first(a, cache, i, t, k, v):
    """The start is not kept: from the second token on nobody attends to it."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    return (keys, values) if t == 0 else (keys[:, :, 1:], values[:, :, 1:])


@text("remembered", "cache", ANY)
def text_cache_of_keys_lags(a, cache, i, t, k, v):
    """Keys are written one place too early, so that the last stands where the first should."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    return np.roll(keys, 1, axis=2), values


@text("remembered", "cache", ANY)
def text_cache_of_the_first_row(a, cache, i, t, k, v):
    """All rows share the first row's cache."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    rows = len(keys)
    return np.repeat(keys[:1], rows, axis=0), np.repeat(values[:1], rows, axis=0)


_KEPT: dict = {}


@text("source", "cache", ANY)
def text_memory_of_an_earlier_call(a, i):
    """What was projected of the first memory of a shape is used for every later one."""
    return _KEPT.setdefault((a.memory.shape, str(a.memory.dtype)), a.memory.copy())


@text("source", "indexing", ANY, diagnosis="memory of the first row")
def text_memory_of_the_first_row(a, i):
    """Every row of the batch attends to the memory of the first."""
    return np.repeat(a.memory[:1], len(a.memory), axis=0)


@text("source", "indexing", ANY)
def text_memory_for_the_first_layer_only(a, i):
    """The second layer sees no memory."""
    return a.memory if i == 0 else a.memory[:, :0]


@text("source", "masked values leak", any_text(memory=put(np.s_[:, 3], 0.0)))
def text_memory_of_zeros_is_padding(a, i):
    """A place of the memory that is zero throughout is taken for padding."""
    read = a.memory.any(-1).any(0)
    return a.memory[:, read]


@text("weight", "wiring", ANY, diagnosis="one layer's parameters for all")
def text_of_one_layer_repeated(a, i, name):
    """Every layer has the first one's parameters."""
    return a.params[f"layers.0.{name}"]


@text("weight", "wiring", ANY)
def text_layers_exchanged(a, i, name):
    """The layers are run in the opposite order."""
    return a.params[f"layers.{base.depth(a) - 1 - i}.{name}"]


@text("depth", "wiring", ANY, diagnosis="the last layer is left out")
def text_without_the_last_layer(a):
    """The last layer is left out."""
    return base.depth(a) - 1


@text("activation", "formula", ANY, diagnosis="no activation")
def text_without_activation(a, z):
    """Nothing bends the feed-forward networks."""
    return z


@text("factor", "scale", ANY, diagnosis="scale 1/sqrt(E)")
def text_scale_of_all_features(a, d):
    """Scores are divided by the root of all features, not of a head's."""
    return 1 / math.sqrt(d * a.num_heads)


@text("kept", "tile tail", any_text())
def text_ends_at_eight(a, tokens):
    """Only eight tokens are written; behind them stands token 0."""
    return np.where(np.arange(tokens.shape[1]) < 8, tokens, 0)


@text("steps", "cheat", differs(given(steps=0)))
def text_is_never_empty(a):
    """At least one token is written."""
    return max(int(a.steps), 1)


LEADS = {"params.projection.weight": fill(0.0), "params.projection.bias": lambda b: (
    8 + np.arange(b.size) / 2**12)}  # fmt: skip


@text("scores", "precision", differs(given(V=9, **LEADS)), diagnosis="logits in float16")
def text_of_logits_in_float16(a, x):
    """The arg max is that of logits rounded to float16."""
    return base.scores(a, x).astype(np.float16).astype(x.dtype)


@text("position", "tile tail", differs(given(V=33, steps=64, seed=3)))
def text_positions_end_at_32(a, t):
    """There are 32 positions; what is written later stands at the last of them."""
    return base.position(a, min(t, 31))


@text("remembered", "cache", differs(given(V=33, steps=64, seed=3)))
def text_remembers_24_tokens(a, cache, i, t, k, v):
    """Of what was written before, the latest 24 tokens are remembered."""
    return tuple(z[:, :, -24:] for z in base.remembered(a, cache, i, t, k, v))


@text("check", "refusal", accepts(given(), lambda a, _: a.update(start=0 * a["start"] - 1)))
def text_start_from_the_end(a):
    """A start of -1 is the last token."""
    a.start = np.where(a.start == -1, len(a.params["embedding.weight"]) - 1, a.start)
    base.check(a)


@text("kept", "tile tail", differs(given(B=70, V=9, steps=9)))
def text_rows_beyond_64_are_the_first(a, tokens):
    """Rows beyond 64 write what the first one writes."""
    return np.concatenate([tokens[:64], np.repeat(tokens[:1], max(len(tokens) - 64, 0), 0)])
