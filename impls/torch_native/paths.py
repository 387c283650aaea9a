"""Each program behind `scaled_dot_product_attention` on its own, as `sdpa_kernel` selects it.

Plugged in as `--impl torch_native:paths.math`, or `.flash`, `.efficient`, `.cudnn`. What a path
refuses is not offered; the CPU has `math` and `flash`, `--device cuda` has the others, too. Calls
take turns: `sdpa_kernel` sets flags of the whole process, and two at once leave them wrong.
"""

from threading import Lock
from typing import Any

from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from seqlaws.impls.torch_native import _functional
from seqlaws.impls.torch_native._checks import ALL

NO_KERNEL = ("No available kernel", "No viable backend")
ONE_AT_A_TIME = Lock()


class Path:
    """`scaled_dot_product_attention` by one program, with the arguments of `torch_native`."""

    def __init__(self, program: SDPBackend, known_failures: dict[str, str]) -> None:
        self.program = program
        self.TRAITS: dict[str, Any] = {
            "backend": "torch",
            "device": "cpu",
            "dtypes": ALL,
            "fully_masked": "zeros",
            "causal_alignment": "top-left",
            "masked_nan": "may leak",
            "known_failures": known_failures,
        }

    def attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None = None,
        is_causal: bool = False,
        scale: float | None = None,
    ) -> Tensor:
        """From q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv), (B, N, L, Dv)."""
        _functional.check_attention(q, k, v, mask, is_causal)
        try:
            with ONE_AT_A_TIME, sdpa_kernel(self.program):
                return _functional.attend(q, k, v, mask, is_causal, scale)
        except RuntimeError as error:
            if str(error).startswith(NO_KERNEL):
                raise NotImplementedError(f"{self.program.name} does not take it") from None
            raise


math = Path(SDPBackend.MATH, {})
flash = Path(
    SDPBackend.FLASH_ATTENTION,
    {
        "attention.*[cpu]": (
            "on the CPU it masks before it scales, so that is_causal with a scale of 0 or less "
            "gives NaN; and it answers a NaN query with zeros"
        )
    },
)
efficient = Path(SDPBackend.EFFICIENT_ATTENTION, {})
cudnn = Path(SDPBackend.CUDNN_ATTENTION, {})
