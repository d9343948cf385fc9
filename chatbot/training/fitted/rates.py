"""Peak learning rates by method and size of the base, each with where it comes from."""

from dataclasses import dataclass
from math import inf

_LORA = "LoRA takes about ten times the rate of full fine-tuning, whatever its rank (Schulman et al., LoRA Without Regret, 2025)"
_QLORA = "QLoRA, arXiv:2305.14314, table 9"
_HERE = "measured here on hotel-mini (tests/benchmarks/methods.md)"


@dataclass(frozen=True)
class Rate:
    """A peak learning rate for bases of fewer parameters than `below`."""

    below: float
    rate: float
    source: str


LORA = (
    Rate(60e6, 4e-3, _HERE),
    Rate(400e6, 5e-4, _LORA),
    Rate(3e9, 3e-4, _LORA),
    Rate(20e9, 2e-4, _QLORA),
    Rate(inf, 1e-4, _QLORA),
)
ADALORA = (
    Rate(60e6, 5e-3, _HERE),
    Rate(400e6, 1e-3, "AdaLoRA, arXiv:2303.10512: 5e-4 to 2.2e-3 on 184M parameters"),
    Rate(inf, 5e-4, "AdaLoRA, arXiv:2303.10512"),
)


def everywhere(rate: float) -> tuple[Rate, ...]:
    """One rate for all sizes: learned prompts do not see the base's size."""
    return (Rate(inf, rate, _HERE),)


def fitted_rate(rates: tuple[Rate, ...], parameters: int) -> Rate:
    """The first whose bound lies above the number of parameters."""
    return next(rate for rate in rates if parameters < rate.below)
