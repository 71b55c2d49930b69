"""Learning rate and batch over a training run: PROTOCOL §4's recipe scaled to the token budget. Pure.

Published, of 300B tokens: linear warm-up over the first 375M, cosine to 10 % over 260B and constant from there, and a
batch that grows linearly from 32k tokens over the first 4B. Every one of these is kept as a share of the budget.
"""

import math
from dataclasses import dataclass

PUBLISHED_BUDGET = 300e9
WARM_UP_SHARE = 375e6 / PUBLISHED_BUDGET
DECAY_SHARE = 260e9 / PUBLISHED_BUDGET
RAMP_SHARE = 4e9 / PUBLISHED_BUDGET
FIRST_BATCH_TOKENS = 32_768
FLOOR = 0.1  # of the peak
# A budget of hundreds of steps would warm up in less than one, where AdamW's second moments are still noise
LEAST_WARM_UP_STEPS = 20
LARGEST_WARM_UP_SHARE = 0.1
# Measures of held-out loss in a run: so few of them that they take a tenth of its operations, within these bounds
HELD_OUT_SHARE = 0.1
LEAST_MEASURES, MOST_MEASURES = 10, 40


@dataclass(frozen=True)
class Schedule:
    """`budget` and `batch_tokens` in tokens; `context` is the tokens of a sequence, the smallest part of a batch.

    Where the batch `grows` it does from `FIRST_BATCH_TOKENS` on.
    """

    budget: int
    batch_tokens: int
    context: int
    peak_lr: float
    grows: bool = True

    @property
    def warm_up_tokens(self) -> float:
        least = min(LEAST_WARM_UP_STEPS * self.batch_tokens, LARGEST_WARM_UP_SHARE * self.budget)
        return max(WARM_UP_SHARE * self.budget, least)

    def find_rate(self, seen: int) -> float:
        """The learning rate of the step that ends at `seen` tokens."""
        if seen < self.warm_up_tokens:
            return self.peak_lr * seen / self.warm_up_tokens
        span = max(DECAY_SHARE * self.budget - self.warm_up_tokens, 1)
        progress = min((seen - self.warm_up_tokens) / span, 1)
        return self.peak_lr * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))

    def count_sequences(self, seen: int) -> int:
        """Sequences of the step that begins after `seen` tokens; at least one."""
        ramp = min(seen / (RAMP_SHARE * self.budget), 1) if self.grows else 1
        first = min(FIRST_BATCH_TOKENS, self.batch_tokens)
        return max(1, round((first + (self.batch_tokens - first) * ramp) / self.context))

    def count_steps(self, *, seen: int = 0) -> int:
        """Steps from `seen` tokens to the end of the budget, which the last step may pass."""
        steps = 0
        while seen < self.budget:
            if seen >= RAMP_SHARE * self.budget or self.batch_tokens <= FIRST_BATCH_TOKENS:
                return steps + math.ceil((self.budget - seen) / (self.count_sequences(seen) * self.context))
            seen += self.count_sequences(seen) * self.context
            steps += 1
        return steps

    def space_measures(self, *, n_steps: int, held_out_tokens: int) -> int:
        """Steps between two measures of the loss of `held_out_tokens`, in a run of `n_steps`.

        A forward pass is a third of a training step's operations.
        """
        affordable = math.ceil(held_out_tokens / 3 / (HELD_OUT_SHARE * self.batch_tokens))
        return max(1, n_steps // MOST_MEASURES, min(n_steps // LEAST_MEASURES, affordable))
