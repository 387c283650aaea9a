"""Wrong ways with a dict of parameters, in NumPy: its order, what is kept for it, what it holds."""

from functools import partial

import numpy as np

from zoo import calling
from zoo.cases import case
from zoo.encoder.base import encoder_layer
from zoo.entries import wrong
from zoo.generate import base as base_generate
from zoo.generate.base import generate
from zoo.signatures import ENCODER, arranged

KEPT = []
LAYER = case("encoder_layer")
TEXTS = [case("generate", seed=seed, V=9, steps=9) for seed in range(12)]
layer = partial(wrong, encoder_layer)
text = partial(wrong, generate)


def called(subject, given, change):
    """What a call gives, and what it gives once its dict was changed in place."""
    arguments, _ = arranged(given.operation, *calling.native(subject, given))
    before = getattr(subject, given.operation)(*arguments)
    change(arguments[3 if given.operation == "generate" else 1])
    return before, getattr(subject, given.operation)(*arguments)


def backwards(params):
    """The same entries in the opposite order."""
    entries = list(params.items())[::-1]
    params.clear()
    params.update(entries)


def order_matters(subject):
    """Another order of the names gives another output, or none."""
    try:
        before, after = called(subject, LAYER, backwards)
    except (ValueError, TypeError, IndexError):
        return True
    return bool(np.abs(before - after).max() > 1e-3)


def gradients_by_other_names(subject):
    """For a dict in the opposite order the gradients have other shapes than the parameters."""
    arguments, _ = arranged("encoder_layer", *calling.native(subject, LAYER))
    backwards(arguments[1])
    (dout,) = (calling.to_native(subject, c, LAYER.dtype) for c in LAYER.cotangents())
    _, of_params = subject.encoder_layer_vjp(dout, *arguments)
    return any(of_params[name].shape != p.shape for name, p in arguments[1].items())


def replaced_in_vain(subject):
    """Some text stays as it is once the projection's last row wins by far."""

    def change(params):
        bias = np.zeros_like(params["projection.bias"])
        bias[-1] = 1000
        params["projection.bias"] = bias

    return any((called(subject, one, change)[1] != 8).any() for one in TEXTS)


def leaves_another_entry(subject):
    """After a call the dict holds an array that it did not hold."""
    arguments, _ = arranged("generate", *calling.native(subject, TEXTS[0]))
    before = dict(arguments[3])
    subject.generate(*arguments)
    return any(arguments[3].get(name) is not array for name, array in before.items())


@layer("arguments", "order of names", order_matters)
def layer_parameters_by_their_place(a):
    """Parameters are taken in the order of the dict, whatever their names say."""
    a.params = dict(zip(ENCODER, a.params.values(), strict=True))


@layer("vjp_result", "order of names", gradients_by_other_names)
def layer_gradients_by_their_place(a, g):
    """The gradients stand in the layer's order, under the names in the order of the dict."""
    g.params = dict(zip(a.params, (g.params[name] for name in ENCODER), strict=True))


@text("scores", "stale weights", replaced_in_vain)
def text_projection_kept_for_its_dict(a, x):
    """The projection is kept for the dict that it came in, whatever stands there later."""
    if not KEPT or KEPT[0] is not a.params:
        KEPT[:] = a.params, dict(a.params)
    weight, bias = (KEPT[1][f"projection.{name}"] for name in ("weight", "bias"))
    return x @ weight.T + bias


@text("kept", "writes an input", leaves_another_entry)
def text_leaves_a_copy_in_params(a, tokens):
    """The embedding's entry of the caller's dict is replaced by a copy."""
    a.params["embedding.weight"] = a.params["embedding.weight"].copy()
    return base_generate.kept(a, tokens)
