"""The device `standin` for torch: the module `torch.standin`, and how it is registered.

torch loads it by itself, as it does every installed device (entry points of `torch.backends`).
"""

import functools
from pathlib import Path
from types import ModuleType

import torch

LIBRARY = Path(__file__).with_name("standin.so")
GENERATOR = torch.Generator()


def register():
    """Make torch know the device; nothing of it is initialised."""
    torch.ops.load_library(LIBRARY)
    torch.utils.rename_privateuse1_backend("standin")
    torch._register_device_module("standin", made())
    torch.utils.generate_methods_for_privateuse1_backend(for_module=False)


def made():
    """What torch and its users ask of a device, as torch.cuda has it."""
    module, ops = ModuleType("torch.standin"), torch.ops.standin
    vars(module).update(
        is_available=lambda: True,
        is_initialized=ops.is_initialised,
        device_count=torch.accelerator.device_count,
        current_device=torch.accelerator.current_device_index,
        set_device=torch.accelerator.set_device_index,
        current_stream=torch.accelerator.current_stream,
        synchronize=torch.accelerator.synchronize,
        get_device_name=lambda device=None: "a stand-in",
        Event=functools.partial(torch.Event, device="standin"),
        _is_in_bad_fork=lambda: False,
        manual_seed=GENERATOR.manual_seed,
        manual_seed_all=GENERATOR.manual_seed,
        get_rng_state=lambda device=None: GENERATOR.get_state(),
        set_rng_state=lambda state, device=None: GENERATOR.set_state(state),
    )
    return module
