"""The least time that the sampling job can take on a machine: its operations and its bytes over what was measured.

Reading the prompts is bound by multiplication: the context once, each title once. A step of decoding is bound by
multiplication or by memory, whichever takes longer: two operations for every weight and row and four for every key and
number of width, against the bytes of the weights, of the shared context's keys and values (once a step) and of each
row's own. How many rows a step has is the job's: as many as an engine takes at once.
"""

import time
from dataclasses import dataclass

import torch

from benchmarks.sampling_job import Job
from generator.decoding import MAX_ROWS
from generator.devices import measure_matrix_rate

ROWS = MAX_ROWS["cpu"]  # what Byline decodes at once
_COPIED_BYTES = 2**28
_COPIES = 8


@dataclass(frozen=True)
class Machine:
    """FLOP/s of a large matrix product and bytes/s of reading memory, with this many threads."""

    matrix_rate: float
    bandwidth: float


@dataclass(frozen=True)
class Floor:
    """Seconds for the job's prompts and for its decoding; `bytes_only` is the decoding's with memory alone."""

    prompts: float
    decoding: float
    bytes_only: float

    @property
    def seconds(self) -> float:
        return self.prompts + self.decoding


def measure_machine(*, threads: int, precision: str) -> Machine:
    torch.set_num_threads(threads)
    rate = measure_matrix_rate(torch.device("cpu"), "bf16" if precision == "bf16" else "fp32")
    numbers = torch.ones(_COPIED_BYTES // 4)
    numbers.sum()
    began = time.perf_counter()
    for _ in range(_COPIES):
        numbers.sum()
    return Machine(matrix_rate=rate, bandwidth=_COPIES * _COPIED_BYTES / (time.perf_counter() - began))


def find_floor(job: Job, machine: Machine) -> Floor:
    spec = job.spec
    size = 2 if job.precision == "bf16" else 4
    in_layers, output = 12 * spec.d_model**2 * spec.n_layers, spec.vocab_size * spec.d_model
    a_key = 2 * spec.n_layers * spec.d_model  # numbers kept a token; 2 operations each for a query
    rows_in_all = job.titles * job.candidates
    read = job.context_tokens + job.titles * job.title_tokens
    seen = job.context_tokens**2 / 2 + job.titles * job.title_tokens * (job.context_tokens + job.title_tokens / 2)
    prompts = (2 * in_layers * read + 2 * output * job.titles + 2 * a_key * seen) / machine.matrix_rate
    rows = min(ROWS, rows_in_all)
    own = job.title_tokens + job.new_tokens / 2  # on average
    operations = rows * (2 * (in_layers + output) + 2 * a_key * (job.context_tokens + own)) / machine.matrix_rate
    n_bytes = size * (in_layers + output + a_key * (job.context_tokens + rows * own)) / machine.bandwidth
    steps = job.new_tokens * rows_in_all / rows
    return Floor(prompts=prompts, decoding=steps * max(operations, n_bytes), bytes_only=steps * n_bytes)
