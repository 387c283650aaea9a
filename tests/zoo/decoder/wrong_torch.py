"""Wrong decoder layers and greedy decoding in torch; gradients are what autograd makes of them."""

from functools import partial

import torch

from zoo.cases import boolean, case, fill
from zoo.decoder import base_torch as base
from zoo.decoder.base_torch import decoder_layer, generate
from zoo.entries import wrong
from zoo.witness import differs, gradient_differs

given = partial(case, "decoder_layer")
layer, text = partial(wrong, decoder_layer), partial(wrong, generate)
ANY = differs(given())
GRADIENT = gradient_differs(given())


def any_text(**options):
    """Some of a few texts is another one."""
    options = {"V": 9, "steps": 9, **options}
    witnesses = [differs(case("generate", seed=seed, **options)) for seed in range(12)]
    return lambda subject: any(shows(subject) for shows in witnesses)


@layer("causal", "causal or offset", ANY, diagnosis="no causal mask")
def torch_decoder_sees_what_follows(a, i, j):
    """Self-attention is not causal: tgt_mask was never given."""
    return (i >= 0) & (j >= 0)


@layer("seen", "mask", differs(given(memory_mask=boolean())), diagnosis="memory_mask polarity")
def torch_decoder_memory_mask_polarity(a):
    """A boolean mask is handed on to a layer that takes True for masked out."""
    if a.memory_mask is not None and a.memory_mask.dtype == torch.bool:
        a.memory_mask = ~a.memory_mask
    return base.seen(a)


@layer("seen", "gradient", GRADIENT, diagnosis="memory without a gradient")
def torch_decoder_memory_detached(a):
    """The memory is detached: no gradient reaches the encoder."""
    a.memory = a.memory.detach()
    return base.seen(a)


@layer("sublayer", "gradient", GRADIENT)
def torch_decoder_residual_detached(a, z, f, name):
    """What is added to a sublayer's output is detached: the gradient has no way past it."""
    if a.norm_first:
        return z.detach() + f(a, a.part.normal(a, z, name))
    return a.part.normal(a, z.detach() + f(a, z), name)


@layer("activation", "dropout", ANY)
def torch_decoder_drops_out(a, z):
    """A tenth of the hidden units is dropped at random: the layer was left in training mode."""
    return torch.nn.functional.dropout(base.activation(a, z), 0.1, training=True)


@layer("normal", "formula", differs(given(x=lambda t: t * 0, memory=lambda t: t * 0, **{
    f"params.{n}.{p}": fill(0.0) for n in ("self_attn.out_proj", "multihead_attn.out_proj")
    for p in ("weight", "bias")}, norm_first=False, **{
    "params.norm1.bias": lambda t: t * 1e-3})))  # fmt: skip
def torch_decoder_eps_outside_the_root(a, z, name):
    """eps is added to the standard deviation, in place of the variance."""
    c = z - z.mean(-1, keepdim=True)
    h = c / (torch.sqrt((c * c).mean(-1, keepdim=True)) + 1e-5)
    return h * a.part.weight(a, f"{name}.weight") + a.part.weight(a, f"{name}.bias")


@text("chosen", "ties", any_text(**{
    "params.projection.weight": fill(0.0), "params.projection.bias": fill(0.5)
}), diagnosis="ties to the highest")  # fmt: skip
def torch_text_ties_to_the_highest(a, scores):
    """Of equal logits the last token is taken, as a sort in ascending order leaves it."""
    return scores.argsort(dim=-1, stable=True)[:, -1]


@text("placed", "position", any_text(), diagnosis="positions counted from 1")
def torch_text_positions_from_one(a, x):
    """The first token stands at position 1."""
    before = torch.zeros_like(x[:, :1])
    return base.placed(a, torch.cat([before, x], dim=1))[:, 1:]


@text("causal", "causal or offset", any_text())
def torch_text_rewrites_its_past(a, i, j):
    """Without a causal mask what was written before is read differently at every step."""
    return (i >= 0) & (j >= 0)


@text("scores", "indexing", any_text())
def torch_text_of_the_first_position(a, x):
    """The first position is projected at every step, in place of the last."""
    return base.scores(a, x[:, :1])


@text("scores", "precision", any_text(steps=24, V=33))
def torch_text_in_eight_bits(a, x):
    """Logits are rounded to bfloat16 before they are compared: near ones tie."""
    return base.scores(a, x).bfloat16().float()
