"""The gradient of an objective over tasks (`generator.objectives`), and losses before and after adaptation.

The second-order form differentiates the inner steps; the first-order form takes their result as given (Finn et al.
2017, §5.2). Tasks are taken one after another, so that a step needs the memory of one. Of the inequality term the slope
of each loss is known only when all are: each task's first inner gradient, which is that loss's, is kept until then.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from generator.loss import measure_prediction, sum_cross_entropy
from generator.model import GPT, differentiable_twice
from generator.objectives import Objective

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class TaskTokens:
    """A task's sequences, (shots, length + 1): what is adapted on, and what is judged."""

    support: Tensor
    query: Tensor


class MetaLearner:
    """A model with an objective. `arithmetic` makes the context that forward passes are taken in (autocast)."""

    def __init__(
        self,
        model: GPT,
        objective: Objective,
        *,
        arithmetic: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.model, self.objective, self._arithmetic = model, objective, arithmetic

    def add_gradient(
        self, tasks: Sequence[TaskTokens], *, numbers: Sequence[int], share: Callable[[Tensor], None]
    ) -> float:
        """Add the objective's gradient to the weights' own, and give the mean judged loss of the step.

        `tasks` are this process's, `numbers` which of the step's they are; `share` adds a tensor up over the processes.
        """
        objective = self.objective
        device = self.model.tokens.weight.device
        before, judged = torch.zeros(objective.n_tasks, device=device), torch.zeros((), device=device)
        slopes: list[Sequence[Tensor]] = []
        inequality = objective.find_inequality()
        for number, task in zip(numbers, tasks, strict=True):
            loss, before[number], slope = self._add_task(task) if objective.adapts else self._add_plain(task)
            judged += loss / objective.n_tasks
            if inequality:
                slopes.append(slope)
        share(judged)
        if inequality:
            share(before)
            before.requires_grad_()
            (pull,) = torch.autograd.grad(objective.strength * inequality(before), before)
            for number, slope in zip(numbers, slopes, strict=True):
                _accumulate(self.model, slope, factor=float(pull[number]))
        return float(judged)

    def _add_plain(self, task: TaskTokens) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        loss, _ = self._predict(self._weights(), torch.cat((task.support, task.query)))
        (loss / self.objective.n_tasks).backward()
        return loss.detach(), loss.detach(), ()

    def _add_task(self, task: TaskTokens) -> tuple[Tensor, Tensor, Sequence[Tensor]]:
        """Add L_i(θ_i) and the entropies' gradient; the judged loss, ℓ_i, and ∇ℓ_i."""
        objective, start = self.objective, self._weights()
        adapted, before, entropy, slope = self._adapt(start, task.support, twice=objective.is_twice_differentiated)
        if objective.first_order:
            adapted = {name: weight.detach().requires_grad_() for name, weight in adapted.items()}
        loss, late_entropy = self._predict(adapted, task.query, with_entropy=objective.has_entropy)
        total = loss
        if objective.has_entropy:
            if not objective.is_maximising:
                total = total + objective.strength * late_entropy
            total = total - objective.strength * entropy
        (total / objective.n_tasks).backward()
        if objective.first_order:
            _accumulate(self.model, [weight.grad for weight in adapted.values()], factor=1.0)
        return loss.detach(), before.detach(), [part.detach() for part in slope]

    def _adapt(
        self, start: Weights, support: Tensor, *, twice: bool
    ) -> tuple[Weights, Tensor, Tensor | None, Sequence[Tensor]]:
        """θ_i, with what was found at θ: its loss, its entropy where the objective has one, its gradient."""
        objective, weights = self.objective, start
        first: tuple[Tensor, Tensor | None, Sequence[Tensor]] | None = None
        for number in range(objective.inner_steps):
            with_entropy = objective.has_entropy and number == 0
            loss, entropy = self._predict(weights, support, with_entropy=with_entropy, twice=twice)
            slope = torch.autograd.grad(
                loss, list(weights.values()), create_graph=twice, retain_graph=twice or with_entropy
            )
            first = first or (loss, entropy, slope)
            moved = (weight - objective.inner_rate * part for weight, part in zip(weights.values(), slope, strict=True))
            weights = dict(zip(weights, moved, strict=True))
            if not twice:
                weights = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        return weights, *first

    def adapt(self, support: Tensor) -> Weights:
        """θ_i, of which no more is differentiated."""
        with torch.enable_grad():
            weights, *_ = self._adapt(self._weights(), support, twice=False)
        return {name: weight.detach() for name, weight in weights.items()}

    @torch.no_grad()
    def sum_loss(self, tokens: Tensor, *, weights: Weights | None = None) -> float:
        """The summed loss of (n, length + 1) tokens, of the model's own weights unless others are given."""
        loss, _ = self._predict(weights or self._weights(), tokens)
        return float(loss) * tokens[:, 1:].numel()

    def _weights(self) -> Weights:
        return dict(self.model.named_parameters())

    def _predict(
        self, weights: Weights, tokens: Tensor, *, with_entropy: bool = False, twice: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Mean loss of a position under these weights, and mean entropy where it is asked for."""
        targets, output = tokens[:, 1:], weights["tokens.weight"]
        with self._arithmetic(), differentiable_twice() if twice else nullcontext():
            hidden = functional_call(self.model, weights, (tokens[:, :-1],))
            if with_entropy or twice:
                return measure_prediction(hidden, output, targets)
            return sum_cross_entropy(hidden, output, targets) / targets.numel(), None


def _accumulate(model: GPT, parts: Sequence[Tensor | None], *, factor: float) -> None:
    for parameter, part in zip(model.parameters(), parts, strict=True):
        if part is not None:
            parameter.grad = factor * part if parameter.grad is None else parameter.grad.add_(part, alpha=factor)
