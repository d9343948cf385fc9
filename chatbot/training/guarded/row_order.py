"""Which rows come when, where each holds one conversation: by seed and epoch alone, so a resumed run has the same."""

from collections.abc import Callable, Iterator

import torch
from transformers.trainer_pt_utils import LengthGroupedSampler


class RowOrder(LengthGroupedSampler):
    """Rows of about equal length side by side.

    The library's own order hangs on the state of the global generator when an epoch begins, which no checkpoint holds.
    """

    def __init__(self, like: LengthGroupedSampler, seed: int, epoch: Callable[[], int]) -> None:
        super().__init__(like.batch_size, lengths=like.lengths)
        self._seed, self._epoch = seed, epoch

    def __iter__(self) -> Iterator[int]:
        self.generator = torch.Generator().manual_seed(self._seed + self._epoch())
        yield from super().__iter__()
