"""How well two people agree, beyond chance."""

from collections.abc import Sequence


def kappa(pairs: Sequence[Sequence[bool]]) -> float | None:
    """Cohen's kappa (1960) of two people's yes or no: (observed − chance) / (1 − chance); None without pairs, 1 where chance is certain."""
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    first, second = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    chance = first * second + (1 - first) * (1 - second)
    return 1.0 if chance == 1 else (observed - chance) / (1 - chance)
