"""Training in several processes, as torchrun starts them: each takes its share of a step, and gradients are summed.

One process is a group of one, so that the training reads the same either way.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True)
class ProcessGroup:
    """This process is number `rank` of `size`; on CUDA each has the device `local_rank`."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """The one that writes files and shows progress."""
        return self.rank == 0

    def take_share(self, first: int, count: int) -> range:
        """This process's numbers of `count` from `first`: every `size`-th."""
        return range(first + self.rank, first + count, self.size)

    def add_up(self, tensors: list[torch.Tensor]) -> None:
        """Replace every tensor by its sum over the processes, in one message; nothing for a group of one."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            distributed.barrier()


@contextmanager
def join_processes(*, device: torch.device) -> Iterator[ProcessGroup]:
    """The group that torchrun's environment names (NCCL on CUDA, else gloo); a group of one without torchrun."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ProcessGroup()
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")))
    finally:
        distributed.destroy_process_group()
