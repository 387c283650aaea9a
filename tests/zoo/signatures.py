"""The operations of the contract as data: arguments, shapes, outputs, and how both are checked."""

# A size is a letter, perhaps with a factor: B batch, T time steps, I input features, H hidden
# units, N query heads, M key heads, L queries, S keys, D key features, V value features or tokens,
# E model features, F those inside a feed-forward network, P what positions are below, K a chain's
# order: "S*K" stands for K axes of S. The entries of a dict have dotted names.
_WEIGHTS = {"weight_ih": "{0}H I", "weight_hh": "{0}H H", "bias_ih": "{0}H", "bias_hh": "{0}H"}


def _weights(gates):
    return {name: shape.format(gates) for name, shape in _WEIGHTS.items()}


_ATTENTION = {
    "in_proj_weight": "3E E", "in_proj_bias": "3E", "out_proj.weight": "E E", "out_proj.bias": "E",
}  # fmt: skip
_FEED_FORWARD = {
    "linear1.weight": "F E", "linear1.bias": "F", "linear2.weight": "E F", "linear2.bias": "E",
}  # fmt: skip


def _norms(count):
    return {f"norm{i + 1}.{name}": "E" for i in range(count) for name in ("weight", "bias")}


def _under(prefix, names):
    return {f"{prefix}.{name}": shape for name, shape in names.items()}


DECODER = {
    **_under("self_attn", _ATTENTION), **_under("multihead_attn", _ATTENTION), **_FEED_FORWARD,
    **_norms(3),
}  # fmt: skip
ENCODER = {**_under("self_attn", _ATTENTION), **_FEED_FORWARD, **_norms(2)}
LAYERS = 2  # of the decoder that generates
ARGUMENTS = {
    "softmax": {"x": "..."},
    "rnn": {"x": "B T I", "h0": "B H", **_weights("")},
    "lstm_gates": {"x": "B I", "h": "B H", **_weights(4)},
    "lstm": {"x": "B T I", "h0": "B H", "c0": "B H", **_weights(4)},
    "gru": {"x": "B T I", "h0": "B H", **_weights(3)},
    "attention": {"q": "B N L D", "k": "B M S D", "v": "B M S V"},
    "multi_head_attention": {
        "query": "B L E",
        "key": "B S E",
        "value": "B S E",
        "in_proj_weight": "3E E",
        "in_proj_bias": "3E",
        "out_proj_weight": "E E",
        "out_proj_bias": "E",
    },
    "encoder_layer": {"x": "B T E", **_under("params", ENCODER)},
    "positional_encoding": {},
    "rotary_embedding": {"x": "B N L D", "positions": "L"},
    "layer_norm": {"x": "...", "weight": "E", "bias": "E"},
    "markov_log_prob": {"states": "B T", "initial": "S*K", "transition": "S*K S"},
    "decoder_layer": {"x": "B T E", "memory": "B S E", **_under("params", DECODER)},
    "generate": {
        "memory": "B S E", "start": "B", "params.embedding.weight": "V E",
        **{k: v for i in range(LAYERS) for k, v in _under(f"params.layers.{i}", DECODER).items()},
        "params.projection.weight": "V E", "params.projection.bias": "V",
    },
}  # fmt: skip
OUTPUTS = {
    "softmax": {"p": "..."},
    "rnn": {"y": "B T H", "h_n": "B H"},
    "lstm_gates": {"i": "B H", "f": "B H", "g": "B H", "o": "B H"},
    "lstm": {"y": "B T H", "h_n": "B H", "c_n": "B H"},
    "gru": {"y": "B T H", "h_n": "B H"},
    "attention": {"out": "B N L V"},
    "multi_head_attention": {"out": "B L E"},
    "encoder_layer": {"out": "B T E"},
    "positional_encoding": {"encoding": "length dim"},
    "rotary_embedding": {"out": "B N L D"},
    "decoder_layer": {"out": "B T E"},
    "generate": {"tokens": "B steps"},
    "layer_norm": {"y": "..."},
    "markov_log_prob": {"log_prob": "B"},
}
# what is given by position, where that is more than the arrays
POSITIONAL: dict = {
    "positional_encoding": ("length", "dim"),
    "multi_head_attention": (
        "query", "key", "value", "in_proj_weight", "in_proj_bias", "out_proj_weight",
        "out_proj_bias", "num_heads",
    ),
    "encoder_layer": ("x", "params", "num_heads"),
    "decoder_layer": ("x", "memory", "params", "num_heads"),
    "generate": ("memory", "start", "steps", "params", "num_heads"),
}  # fmt: skip
# the arrays of whole numbers of an operation, and what they are below
WHOLE: dict = {
    "rotary_embedding": {"positions": "P"},
    "generate": {"start": "V"},
    "markov_log_prob": {"states": "S"},
}
NO_GRADIENT: tuple = ("positional_encoding", "generate")
RECURRENT = ("rnn", "lstm", "gru")


def dtype_name(array):
    """The name of an array's dtype, the same for numpy and torch ("float32")."""
    return str(array.dtype).removeprefix("torch.")


def shape_of(spec, sizes):
    """The shape that `spec` names: shape_of("B 4H", {"B": 2, "H": 3}) is (2, 12)."""
    spec = spec.replace("S*K", "S " * sizes.get("K", 0))
    return tuple(
        sizes[token] if token in sizes else int(token[:-1] or 1) * sizes[token[-1]]
        for token in spec.split()
    )


def arranged(operation, arrays, options):
    """What a call gets by position, dicts put together, and what it gets by name."""
    given = []
    names = POSITIONAL.get(operation, tuple(arrays))
    for name in names:
        entries = {k.removeprefix(f"{name}."): a for k, a in arrays.items()
                   if k.startswith(f"{name}.")}  # fmt: skip
        given.append(entries or (options[name] if name in options else arrays[name]))
    return given, {name: value for name, value in options.items() if name not in names}


def differentiated(operation):
    """The arguments that have a gradient; a dict has one of dicts."""
    return list(dict.fromkeys(n.partition(".")[0] for n in floating(operation)))


def floating(operation):
    """The arrays that have a gradient, the entries of a dict by their dotted names."""
    return [n for n in ARGUMENTS[operation] if n not in WHOLE.get(operation, ())]


def entry(arguments, name):
    """An array of the arguments, also one in a dict; ValueError where it is missing there."""
    head, _, rest = name.partition(".")
    value = getattr(arguments, head)
    if rest and rest not in value:
        raise ValueError(f"{head} lacks {rest}")
    return value[rest] if rest else value


def expect(arguments, specs, dtypes, sizes=None):
    """Raise unless every named array has its rank, its shape and the one dtype; -> the sizes."""
    sizes = dict(sizes or {})
    first = next(iter(specs))
    for name, spec in specs.items():
        array = entry(arguments, name)
        if not hasattr(array, "dtype") or not hasattr(array, "shape"):
            raise TypeError(f"{name} is a {type(array).__name__}, not an array")
        if dtype_name(array) not in dtypes:
            raise TypeError(f"{name} is {array.dtype}, not one of {', '.join(dtypes)}")
        if array.dtype != entry(arguments, first).dtype:
            raise TypeError(f"{name} is {array.dtype}, {first} is not")
        if spec == "...":
            continue
        tokens = spec.split()
        if len(array.shape) != len(tokens):
            raise ValueError(f"{name} has {len(array.shape)} axes, not ({', '.join(tokens)})")
        for token, size in zip(tokens, array.shape, strict=True):
            if len(token) == 1:  # the first plain occurrence of a letter gives its size
                sizes.setdefault(token, size)
        if tuple(array.shape) != shape_of(spec, sizes):
            raise ValueError(f"{name} is {tuple(array.shape)}, not ({', '.join(tokens)})")
    return sizes


def expect_lengths(lengths, batch, steps):
    """Raise unless `lengths` (None, or anything with a dtype and a shape) is int (B,) in 0..T."""
    if lengths is None:
        return
    if "int" not in str(lengths.dtype):
        raise TypeError(f"lengths are {lengths.dtype}, not integers")
    if tuple(lengths.shape) != (batch,):
        raise ValueError(f"lengths are {tuple(lengths.shape)}, not ({batch},)")
    if batch and not (int(lengths.min()) >= 0 and int(lengths.max()) <= steps):
        raise ValueError(f"lengths lie outside 0..{steps}")


def expect_mask(mask, shape, dtype):
    """Raise unless `mask` is boolean or of `dtype`, and broadcasts to `shape`."""
    if mask is None:
        return
    if str(mask.dtype).removeprefix("torch.") != "bool" and mask.dtype != dtype:
        raise TypeError(f"the mask is {mask.dtype}, neither boolean nor {dtype}")
    sizes = tuple(mask.shape)
    tail = shape[len(shape) - len(sizes) :] if len(sizes) <= len(shape) else ()
    if len(tail) != len(sizes) or any(m not in (1, n) for m, n in zip(sizes, tail, strict=True)):
        raise ValueError(f"the mask {sizes} does not broadcast to {shape}")
