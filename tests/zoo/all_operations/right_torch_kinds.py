"""Right ones in torch by its own means: log then gather, var_mean, log_softmax."""

import torch

from zoo.attention.base_torch import attention
from zoo.base_torch import wide
from zoo.entries import right, right_functions
from zoo.layer_norm.base_torch import layer_norm
from zoo.markov.base_torch import markov_log_prob
from zoo.softmax.base_torch import softmax


@right(markov_log_prob, None, "no gradient at zero")
def torch_markov_of_log_tables():
    """Whole tables are logarithms first: autograd's gradient of a zero that is not read is NaN."""
    return {
        "read": lambda a, table, places: torch.log(table)[places],
        "logarithm": lambda a, p: p,
    }


@right_functions(markov_log_prob, "no gradient at zero", bare=True)
def torch_markov_by_gather(build):
    """The next state is gathered out of rows of logarithms, as a language model's loss is."""

    def markov_log_prob(states, initial, transition):
        k = initial.dim()
        log_prob = torch.log(initial)[states[:, :k].unbind(1)]
        if states.size(1) > k:
            context = states.unfold(1, k, 1)[:, :-1].unbind(-1)
            rows = torch.log(transition)[context]  # (B, T - k, S)
            steps = rows.gather(-1, states[:, k:].unsqueeze(-1)).squeeze(-1)
            log_prob = log_prob + steps.sum(1)
        return log_prob

    return {"markov_log_prob": markov_log_prob}


@right_functions(layer_norm, "running moments", bare=True)
def torch_layer_norm_of_var_mean(build):
    """Moments are torch.var_mean's, which are Welford's on the CPU."""

    def layer_norm(x, weight, bias, eps=1e-5):
        var, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(var + eps) * weight + bias

    return {"layer_norm": layer_norm}


@right_functions(
    softmax, "log-sum-exp", dtypes=("float32", "float64", "bfloat16", "float16"), bare=True,
    fully_masked="nan",
)  # fmt: skip
def torch_softmax_of_log_softmax(build):
    """exp of torch.log_softmax, in float32 for 16 bits; a row of -inf is NaN, as declared."""

    def softmax(x, axis=-1):
        return torch.log_softmax(wide(x), dim=axis).exp().to(x.dtype)

    return {"softmax": softmax}


@right_functions(attention, "log-sum-exp", bare=True, fully_masked="nan")
def torch_attention_of_logsumexp(build):
    """Weights are exp(scores - torch.logsumexp(scores)), also of low floating masks."""

    def attention(q, k, v, mask=None, is_causal=False):
        scores = q @ k.mT / q.size(-1) ** 0.5
        if is_causal:
            causal = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
            scores = scores.masked_fill(~causal, -torch.inf)
        if mask is not None and mask.dtype == torch.bool:
            scores = scores.masked_fill(~mask, -torch.inf)
        elif mask is not None:
            scores = scores + mask
        return torch.exp(scores - torch.logsumexp(scores, dim=-1, keepdim=True)) @ v

    return {"attention": attention}
