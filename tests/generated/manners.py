"""What a right implementation may refuse: conditions beyond an operation's core, as source."""

ERRORS = (
    "NotImplementedError('not supported')",
    "ValueError('not supported')",
    "RuntimeError('not supported')",
    "TypeError('not supported')",
    "AssertionError('not supported')",
    "IndexError('not supported')",
    "ZeroDivisionError('not supported')",
)

LAYOUTS = {
    "numpy": ("not {x}.flags.c_contiguous", "not {x}.flags.writeable"),
    "torch": ("not {x}.is_contiguous()",),
}
RECURRENT = (
    "0 in x.shape",
    "x.shape[1] == 0",
    "x.shape[0] == 0",
    "lengths is not None and bool((lengths == 0).any())",
    "lengths is not None and reverse",
)
OPERANDS = {
    "softmax": "x",
    "attention": "q",
    "multi_head_attention": "query",
    "generate": "memory",
    "markov_log_prob": "initial",
}
BEYOND = {
    "softmax": ("0 in x.shape",),
    "rnn": (*RECURRENT, "nonlinearity == 'sigmoid' and reverse"),
    "lstm_gates": ("0 in x.shape", "h.shape[1] == 0"),
    "lstm": RECURRENT,
    "gru": (*RECURRENT, "not reset_after and lengths is not None"),
    "attention": (
        "k.shape[1] != q.shape[1]",
        "v.shape[3] != q.shape[3]",
        "0 in q.shape or 0 in k.shape or 0 in v.shape",
        "k.shape[2] == 0",
        "mask is not None and mask.dtype == q.dtype",
        "mask is not None and is_causal",
        "window is not None and softcap is not None",
        "mask is not None and mask.ndim not in (2, 4)",
    ),
    "layer_norm": ("0 in x.shape",),
    "multi_head_attention": (
        "0 in query.shape or 0 in key.shape",
        "mask is not None and mask.dtype == query.dtype",
        "mask is not None and is_causal",
    ),
    "positional_encoding": ("length == 0 or dim == 0",),
    "rotary_embedding": ("0 in x.shape",),
    "encoder_layer": ("0 in x.shape", "norm_first and mask is not None"),
    "decoder_layer": (
        "0 in x.shape or 0 in memory.shape",
        "norm_first and memory_mask is not None",
    ),
    "generate": ("steps == 0", "0 in memory.shape"),
    "markov_log_prob": ("0 in initial.shape", "states.shape[0] == 0"),
}


def refusals_of(operation, backend):
    """Conditions, beyond the core, that an implementation of an operation may refuse."""
    layouts = LAYOUTS[backend] if operation != "positional_encoding" else ()
    name = OPERANDS.get(operation, "x")
    return [*BEYOND[operation], *(text.format(x=name) for text in layouts)]
