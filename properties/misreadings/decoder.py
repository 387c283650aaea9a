"""Misreadings of the decoder layer, and of the texts that it writes."""

from dataclasses import replace

from seqlaws.properties.misreadings import encoder, layer_norm, multi_head
from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

NAME, TEXT = "decoder_layer", "generate"
BOTH = f"{NAME} {TEXT}"
STAGES, CHECKED = "decoder: sublayers", "described = parameters("
ITSELF = 'self_attention(params, "norm1", num_heads, is_causal=True)'
CROSS = 'attention_to(memory, params, "norm2", num_heads, **masked)'
FORWARD = 'position_wise(params, "norm3", activation)'
READ = "return multi_head_attention(z, memory, memory, *given, num_heads, **options)"
TOLD = '{"memory": +(dkey + dvalue), '
LOGITS, ADDED = "generate: logits", "x = +(embedding[read] + positions)"
PROJECTED = 'return linear(x, params["projection.weight"], params["projection.bias"])'
CHOSEN = "chosen = np.argmax(scores[:, -1], axis=-1)"
WRITTEN = "return read[:, 1:].astype(np.int64)"


def stages(name: str, *changes: tuple[str, str]) -> Misreading:
    """Other sublayers."""
    return misreading(name, BOTH, *(edit(STAGES, old, new) for old, new in changes))


def causal(name: str, new: str) -> Misreading:
    """Another rule of what comes before; of a text it is hardly seen."""
    return misreading(name, NAME, edit(STAGES, "is_causal=True", new))


def memory(name: str, new: str) -> Misreading:
    """Another memory."""
    return misreading(name, BOTH, before(STAGES, CHECKED, f"memory = {new}"))


def parameters(name: str, **others: str) -> Misreading:
    """Parameters under each other's names: from `norm2` to `norm3`."""
    renamed = "; ".join(
        f"renamed |= {{n.replace('{old}', '{new}', 1): p for n, p in params.items() "
        f"if n.startswith('{old}')}}"
        for new, old in others.items()
    )
    return misreading(
        name, BOTH, before(STAGES, "masked = {", f"renamed = {{**params}}; {renamed}"),
        *(edit(STAGES, old, old.replace("params", "renamed")) for old in (ITSELF, CROSS, FORWARD)),
    )  # fmt: skip


def gradients(name: str, new: str) -> Misreading:
    """Another gradient of the memory."""
    return misreading(name, NAME, edit("sublayers: attention_to", TOLD, new), gradients=True)


def logits(name: str, old: str, new: str) -> Misreading:
    """Other scores of the tokens."""
    return misreading(name, TEXT, edit(LOGITS, old, new))


def written(name: str, old: str, new: str) -> Misreading:
    """Another choice, or another text returned."""
    return misreading(name, TEXT, edit("generate: generate", old, new))


def seen(one: Misreading) -> bool:
    """Whether it is seen in a text, too, whose layers know no gelu."""
    return one.name in SEEN and '"gelu"' not in one.edits[0].old


SEEN = (
    *("gelu for relu", "no activation", "norms without a bias", "norms left out"),
    *("no bias of the hidden units", "no bias after the hidden units", "heads interleaved"),
    *("heads joined without a transposition", "heads split without a transposition"),
)
PARTS = (
    *SEEN,
    *("gelu by tanh", "gelu by a sigmoid", "relu for gelu", "relu's slope 1 at 0"),
    *("the unbiased variance", "an eps of 1e-3", "an eps of 1e-6", "an eps of 1e-12"),
)
MISREADINGS = (
    causal("no causal mask", "is_causal=False"),
    causal("causal off by one", "is_causal=True, query_offset=1"),
    causal("a position does not see itself", "is_causal=True, query_offset=-1"),
    stages("attention to memory is causal", ("**masked", "**masked, is_causal=True")),
    memory("memory of the first row", "first_row(memory)"),
    memory("memory ignored", "nothing(memory)"),
    misreading("self-attention's parameters for the attention to memory", NAME, edit(
        "sublayers: attention_to", "four(params, names)",
        'four(params, [n.replace("multihead_attn", "self_attn") for n in names])',
    )),
    encoder.left_out("no self-attention", NAME, "norm1"),
    encoder.left_out("no attention to memory", NAME, "norm2"),
    encoder.left_out("no feed-forward network", NAME, "norm3"),
    misreading("memory_mask ignored", NAME, edit(STAGES, '"mask": memory_mask', '"mask": None')),
    misreading("memory_mask polarity", NAME, edit(
        STAGES, '"mask": memory_mask',
        '"mask": ~memory_mask if getattr(memory_mask, "dtype", None) == bool else memory_mask',
    )),
    misreading("memory_mask transposed", NAME, before(
        STAGES, CHECKED,
        "memory_mask = transpose(memory_mask) if memory_mask is not None and memory_mask.ndim > 1 "
        "and memory_mask.shape[-1] == memory_mask.shape[-2] else memory_mask",
    )),
    parameters(
        "self_attn and multihead_attn exchanged", self_attn="multihead_attn",
        multihead_attn="self_attn",
    ),
    stages("norm2 and norm3 exchanged", (CROSS, CROSS.replace("norm2", "norm3")),
           (FORWARD, FORWARD.replace("norm3", "norm2"))),
    stages("norm1 and norm2 exchanged", (ITSELF, ITSELF.replace("norm1", "norm2")),
           (CROSS, CROSS.replace("norm2", "norm1"))),
    stages("norm2 for the feed-forward network, too", (FORWARD, FORWARD.replace("norm3", "norm2"))),
    stages("norm1 for the attention to memory, too", (CROSS, CROSS.replace("norm2", "norm1"))),
    stages("norm1 for all norms", ('"norm2"', '"norm1"'), ('"norm3"', '"norm1"')),
    stages("memory before self-attention",
           (f"{ITSELF},\n        {CROSS}", f"{CROSS},\n        {ITSELF}")),
    stages("no attention to itself", (f"        {ITSELF},\n", "")),
    misreading("norm_first ignored", NAME, edit(encoder.BOTH, "if norm_first:", "if False:")),
    misreading("the norms always first", BOTH, edit(encoder.BOTH, "if norm_first:", "if True:")),
    encoder.nothing_added("no way past the attention to memory", BOTH, "norm2"),
    encoder.nothing_added("no way past the self-attention", BOTH, "norm1"),
    encoder.nothing_added("no way past the feed-forward network", BOTH, "norm3"),
    misreading("no multihead_attn.out_proj.bias", BOTH, edit(
        "sublayers: attention_to", READ, READ.replace("*given", "*given[:3], nothing(given[3])")
    )),
    gradients("memory without a gradient", '{"memory": nothing(dkey), '),
    gradients("the memory's gradient as keys only", '{"memory": dkey, '),
    gradients("the memory's gradient as values only", '{"memory": dvalue, '),
    gradients("the memory's gradient halved", '{"memory": (dkey + dvalue) * 0.5, '),
    logits("positions counted from 1", "first = number(embedding, 0.0)",
           "first = number(embedding, 1.0)"),
    logits("position 0 for every token", ADDED, "x = +(embedding[read] + positions[:1])"),
    logits("no positions", ADDED, "x = embedding[read]"),
    logits("embedding times sqrt(E)", ADDED,
           "x = embedding[read] * math.sqrt(embedding.shape[1]) + positions"),
    logits("projection tied to the embedding", PROJECTED,
           PROJECTED.replace("projection.weight", "embedding.weight")),
    logits("no projection.bias", PROJECTED,
           PROJECTED.replace('params["projection.bias"]', 'nothing(params["projection.bias"])')),
    logits("logits in float16", PROJECTED,
           f'{PROJECTED.replace("return ", "return narrow(")}, "float16")'),
    logits("logits in bfloat16", PROJECTED,
           f'{PROJECTED.replace("return ", "return narrow(")}, "bfloat16")'),
    logits("the last layer is left out", "for layer in layers(params):",
           "for layer in layers(params)[:-1]:"),
    logits("one layer's parameters for all", "for layer in layers(params):",
           "for layer in [layers(params)[0]] * depth(params):"),
    logits("the layers in the opposite order", "for layer in layers(params):",
           "for layer in reversed(layers(params)):"),
    written("ties to the highest", CHOSEN,
            "chosen = scores.shape[-1] - 1 - np.argmax(scores[:, -1, ::-1], axis=-1)"),
    written("start is the first token", WRITTEN, "return read[:, :steps].astype(np.int64)"),
    written("start ignored", "read = np.asarray(start)", "read = 0 * np.asarray(start)"),
    written("only the last token is seen", "scores = logits(memory, read,",
            "scores = logits(memory, read[:, -1:],"),
    written("stops at token 0", CHOSEN,
            f"{CHOSEN} * np.all(read[:, 1:] != 0, axis=1)"),
    misreading("scale 1/sqrt(E)", BOTH, edit(
        "multi_head: multi_head_attention, multi_head_attention_vjp",
        "q, k, v = projections(query, key, value, in_proj_weight, in_proj_bias, num_heads)",
        "q, k, v = projections(query, key, value, in_proj_weight, in_proj_bias, num_heads)\n"
        "    q = q * num_heads**-0.5",
    )),
    *(
        replace(one, operations=(NAME, TEXT) if seen(one) else (NAME,))
        for one in (*encoder.OWN, *multi_head.MISREADINGS, *layer_norm.MISREADINGS)
        if one.name in PARTS
    ),
)  # fmt: skip
