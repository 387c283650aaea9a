"""Devices of torch other than the CPU: their modules, as `torch.cuda`, and what calls may change.

Nothing here initialises a device: a fork of a process that has initialised one cannot use it.
"""

from typing import Any

RANDOM = "the random state of torch's device"


def module_of(torch: Any, device: str) -> Any:
    """Return the device's module, as `torch.cuda`; None for the CPU and what nobody waits for."""
    kind = device.partition(":")[0]
    module = getattr(torch, kind, None) if kind != "cpu" else None
    return module if hasattr(module, "synchronize") else None


def synchronise(torch: Any, device: str) -> None:
    """Wait until all streams of a device are done: an output may come from any."""
    module = module_of(torch, device)
    if module is not None:
        module.synchronize(*([] if device == "mps" else [device]))  # there is but one of these


def is_initialised(module: Any, *, untold: bool) -> bool:
    """Return True if this process has begun to use a device; untold: if its module does not say."""
    tells = getattr(module, "is_initialized", None)
    return bool(tells()) if tells else untold


def state_of_device(torch: Any) -> dict[str, Any]:
    """Return the state of the machine's accelerator, if this process has begun to use it."""
    accelerator = torch.accelerator.current_accelerator() if hasattr(torch, "accelerator") else None
    module = accelerator and module_of(torch, accelerator.type)
    if not module or not is_initialised(module, untold=False):
        return {}
    return {
        RANDOM: hash(module.get_rng_state().cpu().numpy().tobytes()),
        "torch's current device": torch.accelerator.current_device_index(),
        "torch's current stream": repr(torch.accelerator.current_stream()),
    }
