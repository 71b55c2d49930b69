"""Training in several processes, as torchrun starts them: each takes its share of a step, and gradients are summed.

One process is a group of one, so that the training reads the same either way.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


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

    def share(self, model: nn.Module) -> nn.Module:
        """The model as the group trains it: the backward pass averages its gradients over the processes."""
        return model if self.size == 1 else DistributedDataParallel(model, gradient_as_bucket_view=True)

    def accumulate(self, shared: nn.Module, *, is_last: bool) -> AbstractContextManager[None]:
        """Around a forward and backward pass: a step's last one alone averages what all of them have added up."""
        return nullcontext() if is_last or self.size == 1 else shared.no_sync()

    def add_up(self, numbers: torch.Tensor) -> None:
        """Replace the numbers by their sums over the processes; nothing for a group of one."""
        if self.size > 1:
            distributed.all_reduce(numbers)

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
    import torch._dynamo  # only here: it takes a second to import

    torch._dynamo.config.optimize_ddp = False  # its cuts of a compiled model do not take FlexAttention
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ProcessGroup(distributed.get_rank(), distributed.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")))
    finally:
        distributed.destroy_process_group()
