"""The same implementation in a process of its own, in which nothing speaks of a test.

An implementation may behave where it sees a test runner: loaded modules, the environment, names on
the stack. There, it is imported by a few lines of plain Python, and asked again.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.environment import silent, where_seqlaws_is
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.pipes import Child, EndedError

# what the other process runs: it knows nothing of the suite
PROGRAM = """
import importlib, importlib.util
import numpy as np

def load(target, attribute):
    if target.endswith(".py"):
        sys.path.append(os.path.dirname(target))
        name = os.path.splitext(os.path.basename(target))[0]
        spec = importlib.util.spec_from_file_location(name, target)
        found = importlib.util.module_from_spec(spec)
        sys.modules[name] = found
        spec.loader.exec_module(found)
    else:
        found = importlib.import_module(target)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if isinstance(found, type) else found

def given(value, dtype, device, torch):
    if isinstance(value, dict):
        return {name: given(v, dtype, device, torch) for name, v in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    if torch is None:
        return value.astype(dtype) if value.dtype.kind == "f" else value
    tensor = torch.from_numpy(value)
    return (tensor.to(getattr(torch, dtype)) if value.dtype.kind == "f" else tensor).to(device)

def plain(value):
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return value.double().numpy() if value.is_floating_point() else value.numpy()
    return np.asarray(value, float)

def flat(values):
    values = values if isinstance(values, (tuple, list)) else (values,)
    return [v for one in values for v in (one.values() if isinstance(one, dict) else (one,))]

def work(ask):
    torch = importlib.import_module("torch") if ask["backend"] == "torch" else None
    make = lambda value: given(value, ask["dtype"], ask["device"], torch)
    arrays = [make(a) for a in ask["arguments"]]
    cotangents = [make(c) for c in ask["cotangents"]]
    options = {n: make(o) for n, o in ask["options"].items()}
    function = getattr(subject, ask["operation"])
    back = getattr(subject, ask["operation"] + "_vjp", None)
    if not cotangents:
        outputs = function(*arrays, **options)
    elif back is not None:
        outputs = back(*cotangents, *arrays, **options)
    else:
        leaves = [a for a in flat(arrays) if hasattr(a, "requires_grad_") and a.is_floating_point()]
        for leaf in leaves:
            leaf.requires_grad_()
        outputs = flat(function(*arrays, **options))
        outputs = torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True)
        outputs = [torch.zeros_like(a) if g is None else g for a, g in zip(leaves, outputs)]
    return [plain(o) for o in flat(outputs)]

def answer(ask):
    try:
        return "answer", work(ask)
    except NotImplementedError as reason:
        return "not offered", str(reason)
    except Exception as error:
        return "raised", f"{type(error).__name__}: {error}"

subject = load(*arguments)
answering(answer)
"""
PLACES: dict[str, Child] = {}
os.register_at_fork(after_in_child=PLACES.clear)  # the pipes are the parent's


def started(spec: str) -> Child:
    """The implementation in another process, with an environment that tells nothing."""
    target, _, attribute = spec.partition(":")
    if target.endswith(".py"):
        target = str(Path(target).resolve())
    elif "." not in target:
        target = f"seqlaws.impls.{target}"
    environment = silent()
    if target.startswith("seqlaws."):
        environment |= where_seqlaws_is()
    return Child(PROGRAM, target, attribute, environment=environment)


def ask_elsewhere(
    spec: str, case: Case, traits: Mapping[str, str], *, vjp: bool = False
) -> tuple[str, Any]:
    """("answer", outputs or gradients by name), or ("raised" | "not offered" | "died", why)."""
    operation = OPERATIONS[case.operation]
    arrays = {name: np.array(a) for name, a in case.arrays.items()}
    arguments, options = operation.arranged(arrays, case.options)
    question = {
        **traits,
        "operation": case.operation,
        "dtype": case.dtype,
        "arguments": arguments,
        "options": options,
        "cotangents": [np.array(c) for c in case.cotangents.values()] if vjp else [],
    }
    if spec not in PLACES:
        PLACES[spec] = started(spec)
    try:
        kind, found = PLACES[spec].ask(question)
    except EndedError:
        del PLACES[spec]
        return "died", "the process that it was called in came to an end"
    if kind == "answer":
        names = case.differentiated if vjp else operation.outputs
        found = dict(zip(names, found, strict=False))
    return kind, found
