"""Wrong encoder layers in NumPy: norms, residuals, activations, masks, gradients."""

import math
from functools import partial

import numpy as np

from zoo.cases import boolean, case, floating, times
from zoo.encoder import base
from zoo.encoder.base import encoder_layer
from zoo.entries import wrong
from zoo.manners import answers, unsteady
from zoo.witness import differs, gradient_differs

given = partial(case, "encoder_layer")
part = partial(wrong, encoder_layer)
arguments = partial(wrong, encoder_layer, "arguments")
vjp = partial(wrong, encoder_layer, "vjp_result", "gradient")
POST, PRE = differs(given()), differs(given(norm_first=True))
GELU = given(activation="gelu")
GRADIENT = gradient_differs(given())


def named(a, *names):
    """The parameters of these names, to be changed in place."""
    return [a.params[name] for name in names]


@part("first", "norms", PRE, diagnosis="norm_first ignored")
def norm_first_ignored(a):
    """The norms always stand behind the additions."""
    return False


@part("first", "norms", POST, diagnosis="the norms always first")
def norm_first_always(a):
    """The norms always stand first."""
    return True


@part("norm", "norms", POST, diagnosis="the norms exchanged")
def norms_exchanged(a, x, number):
    """Each norm has the other's weight and bias."""
    return base.norm(a, x, 3 - number)


@part("norm", "norms", POST, diagnosis="the second norm's parameters for both")
def norm_of_the_second_for_both(a, x, number):
    """The first norm has the second's weight and bias, too."""
    return base.norm(a, x, 2)


@part("norm", "norms", POST, diagnosis="norms without a bias")
def norms_without_bias(a, x, number):
    """The norms leave their bias out."""
    return base.norm(a, x, number) - a.params[f"norm{number}.bias"]


@part("norm", "norms", POST)
def norms_unbiased(a, x, number):
    """The variance is divided by n - 1."""
    centred = x - x.mean(-1, keepdims=True)
    n = max(x.shape[-1] - 1, 1)
    root = np.sqrt((centred * centred).sum(-1, keepdims=True) / n + x.dtype.type(base.EPS))
    return centred / root * a.params[f"norm{number}.weight"] + a.params[f"norm{number}.bias"]


@part("norm", "norms", POST)
def norms_over_positions(a, x, number):
    """Each feature is normalised over the positions."""
    centred = x - x.mean(1, keepdims=True)
    root = np.sqrt((centred * centred).mean(1, keepdims=True) + x.dtype.type(base.EPS))
    return centred / root * a.params[f"norm{number}.weight"] + a.params[f"norm{number}.bias"]


@part("norm", "norms", POST, diagnosis="norms left out")
def norms_left_out(a, x, number):
    """The norms do nothing."""
    return x


@part(None, "residuals", POST, diagnosis="nothing added to the attention")
def attention_without_residual():
    """What attention gives takes the place of x."""
    return {"attention": lambda a, x: base.attention(a, x) - x}


@part(None, "residuals", POST, diagnosis="nothing added to the feed-forward network")
def feed_without_residual():
    """What the feed-forward network gives takes the place of its input."""
    return {"feed": lambda a, x: base.feed(a, x) - x}


@part("added", "residuals", PRE)
def residual_halved(a, x, y):
    """The residual sums are halved."""
    return (x + y) / 2


@part("feed", "residuals", POST)
def feed_in_parallel(a, x):
    """The feed-forward network reads the layer's input, beside the attention."""
    return base.feed(a, a.x)


@part("activation", "activation", differs(GELU, 1e-5), diagnosis="gelu by tanh")
def gelu_by_tanh(a, z):
    """gelu is its approximation by tanh."""
    if a.activation == "relu":
        return np.maximum(z, 0)
    return z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2


@part("activation", "activation", differs(GELU), diagnosis="gelu by a sigmoid")
def gelu_by_sigmoid(a, z):
    """gelu is z sigmoid(1.702 z)."""
    return np.maximum(z, 0) if a.activation == "relu" else z / (1 + np.exp(-1.702 * z))


@part("activation", "activation", differs(GELU), diagnosis="relu for gelu")
def relu_for_gelu(a, z):
    """The activation is always relu."""
    return np.maximum(z, 0)


@part("activation", "activation", POST, diagnosis="gelu for relu")
def gelu_for_relu(a, z):
    """The activation is always gelu."""
    return z * base.normal(z)


@part("activation", "activation", POST, diagnosis="no activation")
def activation_left_out(a, z):
    """There is no activation."""
    return z


@part("feed", "projections", POST, diagnosis="no bias after the hidden units")
def feed_without_last_bias(a, x):
    """The last bias of the feed-forward network is left out."""
    return base.feed(a, x) - a.params["linear2.bias"]


@arguments("projections", POST, diagnosis="no bias of the hidden units")
def feed_without_hidden_bias(a):
    """The bias of the hidden units is left out."""
    a.params["linear1.bias"] = np.zeros_like(a.params["linear1.bias"])


@arguments("heads", POST, diagnosis="one head")
def layer_of_one_head(a):
    """num_heads is ignored: one head has all features."""
    a.num_heads = 1
    if a.mask is not None and a.mask.ndim > 2:
        a.mask = a.mask[..., :1, :, :]


@arguments("masks", differs(given(mask=boolean("B N T T"))), diagnosis="mask ignored")
def layer_mask_ignored(a):
    """The mask is ignored."""
    a.mask = None


@arguments("masks", differs(given(mask=boolean("B N T T"))), diagnosis="mask polarity")
def layer_mask_inverted(a):
    """True in a mask forbids, as in torch's layer."""
    if a.mask is not None and a.mask.dtype == bool:
        a.mask = ~a.mask


@arguments("masks", differs(given(mask=floating("B N T T"))))
def layer_mask_of_numbers_as_boolean(a):
    """A floating mask is read as one of booleans: every entry but 0 forbids."""
    if a.mask is not None and a.mask.dtype != bool:
        a.mask = a.mask == 0


@arguments("masks", differs(given(mask=boolean("B N T T"))), diagnosis="mask transposed")
def layer_mask_transposed(a):
    """The mask says which position may be read by which."""
    if a.mask is not None and a.mask.ndim > 1 and a.mask.shape[-1] == a.mask.shape[-2]:
        a.mask = np.swapaxes(a.mask, -1, -2)


@arguments("masks", POST, diagnosis="causal")
def layer_causal(a):
    """A position may attend to no later one, as in a decoder."""
    keep = np.tri(a.x.shape[1], dtype=bool)
    if a.mask is None:
        a.mask = keep
    elif a.mask.dtype == bool:
        a.mask = a.mask & keep
    else:
        a.mask = np.where(keep, a.mask, -np.inf).astype(a.mask.dtype)


@part("feed", "random", unsteady(given(B=4, T=9)))
def layer_dropout_left_on(a, x):
    """A tenth of what the feed-forward network gives is dropped at random, as in training."""
    y = base.feed(a, x)
    return y * (np.random.default_rng().random(y.shape) > 0.1) / y.dtype.type(0.9)


@part("activation", "sizes", differs(given(F=20)))
def hidden_units_beyond_sixteen_dropped(a, z):
    """Only the first 16 hidden units count, where there are more."""
    h = np.array(base.activation(a, z))
    h[..., 16:] = 0
    return h


@part("attention_vjp", "gradient", GRADIENT, diagnosis="attention's gradient as query only")
def vjp_of_query_only(a, dy, x):
    """The gradient through attention counts x as the query only."""
    vjp_ = base._heads(a)["multi_head_attention_vjp"]
    _, own = base.attention_vjp(a, dy, x)
    return vjp_(dy, x, x, x, *base._given(a), a.num_heads, a.mask)[0], own


@part("attention_vjp", "gradient", GRADIENT, diagnosis="no gradient past the attention")
def vjp_without_residual(a, dy, x):
    """No gradient passes beside the attention."""
    dx, own = base.attention_vjp(a, dy, x)
    return dx - dy, own


@vjp(GRADIENT)
def vjp_without_first_norm(a, g):
    """The first norm's weight and bias have no gradient."""
    for name in ("norm1.weight", "norm1.bias"):
        g.params[name] = np.zeros_like(g.params[name])


@vjp(GRADIENT)
def vjp_norms_exchanged(a, g):
    """The norms' gradients are returned in each other's place."""
    for name in ("weight", "bias"):
        one, two = f"norm1.{name}", f"norm2.{name}"
        g.params[one], g.params[two] = g.params[two], g.params[one]


@part("slope", "gradient", gradient_differs(GELU), diagnosis="gelu's slope without x phi(x)")
def vjp_gelu_without_density(a, z):
    """The slope of gelu is the distribution alone."""
    return np.heaviside(z, 0) if a.activation == "relu" else base.normal(z)


@part("check", "refusals", answers(given(activation="tanh")))
def unknown_activation_is_relu(a):
    """An unknown activation is taken for relu."""
    if a.activation != "gelu":
        a.activation = "relu"
    base.check(a)


@part("check", "refusals", answers(given(N=3, E=8)))
def layer_heads_rounded_down(a):
    """num_heads that does not divide E is rounded down to one that does."""
    while a.x.shape[-1] % max(a.num_heads, 1):
        a.num_heads -= 1
    base.check(a)


FLAT = {f"params.linear1.{name}": times(0) for name in ("weight", "bias")}


@part("slope", "gradient", gradient_differs(given(**FLAT)), diagnosis="relu's slope 1 at 0")
def relu_slopes_at_zero(a, z):
    """The slope of relu at 0 is 1."""
    return np.heaviside(z, 1) if a.activation == "relu" else base.slope(a, z)
