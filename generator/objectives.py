"""What a run that starts from a checkpoint is trained for. Pure; no torch.

θ the weights, θ_i = θ - α∇L_i(θ) after adapting to task i, M tasks a step, ℓ_i = L_i(θ) (PROTOCOL §5):
plain, mean of L_i(θ); maml, mean of L_i(θ_i) (Finn et al. 2017); taml-entropy, mean of L_i(θ_i) + λ[H_i(θ_i) - H_i(θ)];
the other taml objectives, mean of L_i(θ_i) + λ·I({ℓ_i}), I a measure of inequality (Jamal & Qi 2019). The tasks are the
sections of the paper, or its sources.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

from measures.inequality import atkinson, generalised_entropy, gini, theil, variance_of_logs

ObjectiveName = Literal[
    "plain", "maml", "taml-entropy", "taml-theil", "taml-ge", "taml-atkinson", "taml-gini", "taml-varlog"
]
OBJECTIVES: tuple[ObjectiveName, ...] = get_args(ObjectiveName)
TaskField = Literal["section", "source"]
TASK_FIELDS: tuple[TaskField, ...] = get_args(TaskField)
_MEASURES: dict[str, Callable[[Any], Any]] = {"taml-theil": theil, "taml-gini": gini, "taml-varlog": variance_of_logs}
# at 1 the entropy outweighs the loss
STRENGTHS: dict[ObjectiveName, float] = {"taml-entropy": 0.1}


class ObjectiveError(ValueError):
    """An objective that cannot be; the message says what to give."""


@dataclass(frozen=True)
class Objective:
    """`strength` is λ (None: `STRENGTHS`'s, or 1), `n_tasks` M.

    `shots` are the sequences that a task adapts on, and as many again are judged after it; `length` is the tokens of
    each (None: the model's context). A task adapts by `inner_steps` steps of plain gradient descent of `inner_rate`.
    In the `first_order` form these are taken as given, and not differentiated.
    `is_maximising` is the entropy variant that raises H_i(θ) and leaves H_i(θ_i) alone.
    """

    name: ObjectiveName
    strength: float | None = None
    alpha: float | None = None
    epsilon: float | None = None
    is_maximising: bool = False
    task_field: TaskField = "section"
    n_tasks: int = 4
    shots: int = 2
    length: int | None = None
    inner_steps: int = 1
    inner_rate: float = 0.01
    first_order: bool = False

    def __post_init__(self) -> None:
        if self.name not in OBJECTIVES:
            raise ObjectiveError(f"there is no objective {self.name!r}; choose from {', '.join(OBJECTIVES)}")
        if self.task_field not in TASK_FIELDS:
            raise ObjectiveError(f"tasks are told by {' or '.join(TASK_FIELDS)}, not by {self.task_field!r}")
        for field, least in (("n_tasks", self._least_tasks), ("shots", 1), ("inner_steps", 1), ("length", 2)):
            number = getattr(self, field)
            if number is not None and (not isinstance(number, int) or number < least):
                raise ObjectiveError(f"{self.name}: {field} must be a whole number, {least} or more, not {number!r}")
        if not 0 < self.inner_rate < math.inf:
            raise ObjectiveError(f"the inner learning rate must be above 0, not {self.inner_rate!r}")
        if self.strength is None:
            object.__setattr__(self, "strength", STRENGTHS.get(self.name, 1.0))
        if not 0 <= self.strength < math.inf:
            raise ObjectiveError(f"the strength of the second term must be 0 or more, not {self.strength!r}")
        self._check_numbers_of_measures()

    @property
    def _least_tasks(self) -> int:
        return 2 if self.name not in ("plain", "maml", "taml-entropy") else 1  # one loss alone is equal to itself

    def _check_numbers_of_measures(self) -> None:
        needed = {"taml-ge": ("alpha",), "taml-atkinson": ("epsilon",)}.get(self.name, ())
        for field in ("alpha", "epsilon"):
            value = getattr(self, field)
            if field in needed and (value is None or not math.isfinite(value)):
                raise ObjectiveError(f"{self.name} needs a number --{field}")
            if field not in needed and value is not None:
                raise ObjectiveError(f"{self.name} takes no --{field}")
        if self.epsilon is not None and self.epsilon <= 0:
            raise ObjectiveError(f"--epsilon must be above 0, not {self.epsilon:g}: at 0 nothing is unequal")
        if self.is_maximising and self.name != "taml-entropy":
            raise ObjectiveError(f"{self.name} has no entropy to maximise")
        if self.name == "plain" and self.first_order:
            raise ObjectiveError("plain training has no inner step, so no first-order form; leave that out")

    @property
    def adapts(self) -> bool:
        """Whether what is minimised is measured after an inner step."""
        return self.name != "plain"

    @property
    def has_entropy(self) -> bool:
        return self.name == "taml-entropy"

    @property
    def is_twice_differentiated(self) -> bool:
        return self.adapts and not self.first_order

    @property
    def least_articles(self) -> int:
        """Of a task: one to begin each sequence with, none of them on both sides."""
        return 2 * self.shots

    @property
    def n_sequences(self) -> int:
        """Of a step."""
        return self.n_tasks * 2 * self.shots

    def of_length(self, context: int) -> "Objective":
        """The same with its length said; `context` where it has none."""
        return replace(self, length=self.length or context)

    def find_inequality(self) -> Callable[[Any], Any] | None:
        """I of a vector of losses; None where the objective has none."""
        if self.name == "taml-ge":
            return partial(generalised_entropy, alpha=self.alpha)
        if self.name == "taml-atkinson":
            return partial(atkinson, epsilon=self.epsilon)
        return _MEASURES.get(self.name)

    def describe(self) -> str:
        """The objective with its numbers, as a card and a table show it."""
        parts = [self.name + (", first-order" if self.first_order else "")]
        parts += [
            f"{sign} {number:g}" for sign, number in (("α", self.alpha), ("ε", self.epsilon)) if number is not None
        ]
        if self.has_entropy or self.find_inequality():
            parts.append(f"λ {self.strength:g}{', at θ alone' if self.is_maximising else ''}")
        return ", ".join(parts)

    def describe_tasks(self) -> str:
        length = f"{self.length} tokens" if self.length else "a whole context"
        return (
            f"{self.n_tasks} {self.task_field}s a step, {self.shots} sequences of {length} to adapt on and as many "
            f"judged; inner steps: {self.inner_steps} of rate {self.inner_rate:g}"
        )
