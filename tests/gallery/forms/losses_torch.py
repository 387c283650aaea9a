"""Losses over logits, from PyTorch's functions; gradients by autograd."""

import torch
from torch.nn import functional

TRAITS = {"backend": "torch", "dtypes": ("float32", "bfloat16")}


def log_softmax(x):
    return functional.log_softmax(x.float(), dim=-1).to(x.dtype)


def cross_entropy(logits, targets, label_smoothing=0.0, ignore_index=-100, z_loss=0.0):
    x = logits.float()
    nll = functional.cross_entropy(
        x, targets, label_smoothing=label_smoothing, ignore_index=ignore_index, reduction="none"
    )
    z = z_loss * torch.logsumexp(x, dim=-1).square()
    return (nll + z.masked_fill(targets == ignore_index, 0)).to(logits.dtype)


def kl_divergence(student, teacher, temperature=1.0):
    log_q = functional.log_softmax(student.float() / temperature, dim=-1)
    log_p = functional.log_softmax(teacher.float() / temperature, dim=-1)
    kl = functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1)
    return (kl * temperature**2).to(student.dtype)


def jensen_shannon(p_logits, q_logits, beta=0.5):
    log_p = torch.log_softmax(p_logits.float(), dim=-1)
    log_q = torch.log_softmax(q_logits.float(), dim=-1)
    log_m = torch.log(beta * log_p.exp() + (1 - beta) * log_q.exp())
    to_p = functional.kl_div(log_m, log_p, reduction="none", log_target=True).sum(-1)
    to_q = functional.kl_div(log_m, log_q, reduction="none", log_target=True).sum(-1)
    return (beta * to_p + (1 - beta) * to_q).to(p_logits.dtype)
