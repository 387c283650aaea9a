"""Implementations of softmax for the device `standin`, each of which does one thing that is odd."""

from types import SimpleNamespace

import torch

TRAITS = {"backend": "torch", "device": "standin", "dtypes": ("float32",)}
ops = torch.ops.standin


def right(x, axis=-1):
    if x.dtype != torch.float32 or not -x.ndim <= axis < x.ndim:
        raise ValueError("a float32 tensor and one of its axes are expected")
    if not x.numel():
        return x.clone()
    top = x.amax(axis, keepdim=True)
    e = (x - torch.where(top == -torch.inf, 0.0, top)).exp()
    total = e.sum(axis, keepdim=True)
    return e / torch.where(total == 0, 1.0, total)


def subject(odd=lambda x, p: None, **traits):
    """A namespace: `odd` gets the input and the right answer, and may give another answer."""

    def softmax(x, axis=-1):
        p = right(x, axis)
        other = odd(x, p)
        return p if other is None else other

    return SimpleNamespace(TRAITS={**TRAITS, **traits}, softmax=softmax)


def starts_a_kernel_that_fails(x, p):
    if x.numel() > 300:
        ops.queue_error()


def launches_what_is_refused(x, p):
    """An error that passes: the device can be used as before."""
    if x.numel() > 300:
        raise torch.AcceleratorError("CUDA error: invalid configuration argument")


def takes_all_memory(x, p):
    ops.limit_memory(1 << 16)
    if x.numel() > 300:
        torch.empty(1 << 20, device=x.device)


def draws_random_numbers(x, p):
    torch.standin.manual_seed(7)


def changes_the_device(x, p):
    torch.standin.set_device(1 - torch.standin.current_device())


def changes_the_stream(x, p):
    torch.accelerator.set_stream(torch.Stream("standin"))


def allows_tf32(x, p):
    torch.backends.cuda.matmul.allow_tf32 ^= True


def answers_from_the_cpu(x, p):
    return p.cpu()


def differs_from_run_to_run(x, p):
    differs_from_run_to_run.calls += 1
    return p if differs_from_run_to_run.calls % 2 else p * (1 - 2**-24)


differs_from_run_to_run.calls = 0

ODD = (
    starts_a_kernel_that_fails,
    launches_what_is_refused,
    takes_all_memory,
    draws_random_numbers,
    changes_the_device,
    changes_the_stream,
    allows_tf32,
    answers_from_the_cpu,
    differs_from_run_to_run,
)
globals().update({f"that_{odd.__name__}": subject(odd) for odd in ODD})
harmless = subject()
known = subject(
    answers_from_the_cpu, known_failures={"outputs_are_of_the_inputs_kind[standin]": "it is so"}
)
