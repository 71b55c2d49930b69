"""A run of training whose steps are taken over tasks: the loop, the state and the progress are `TrainingRun`'s."""

import math
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from generator.adaptation import Adaptation, TaskLoss
from generator.article_tasks import Halves, draw_tasks, find_measured_tasks, find_training_tasks, halve_tasks
from generator.meta_learning import MetaLearner, TaskTokens
from generator.objectives import Objective, ObjectiveError
from generator.packing import PackedCorpus
from generator.parallel import ProcessGroup
from generator.training_run import TrainingPlan, TrainingRun
from generator.training_state import RunProgress

MEASURED_SEQUENCES = 8  # of each half of a task's held-out articles, when the run is over
GLANCED_SEQUENCES = 2  # within the run


class DivergedError(ValueError):
    """The loss is no number any more; the message says what to lower."""


class MetaRun(TrainingRun):
    """A run for an objective. Its loss is the judged one, its held-out loss the mean over tasks after adaptation."""

    def __init__(self, plan: TrainingPlan, corpus: PackedCorpus, progress: RunProgress, *, group: ProcessGroup) -> None:
        super().__init__(plan, corpus, progress, group=group)
        self.objective: Objective = plan.objective.of_length(self.schedule.context)
        if self.objective.length > self.spec.context:
            raise ObjectiveError(
                f"sequences of {self.objective.length} tokens are longer than the model's context of "
                f"{self.spec.context}; give fewer --task-tokens"
            )
        self.tasks = find_training_tasks(corpus.train_documents, objective=self.objective)
        self.measured = find_measured_tasks(corpus.held_out_documents, objective=self.objective)
        self._glanced = self._halve(GLANCED_SEQUENCES)
        self.learner = MetaLearner(self.model, self.objective, arithmetic=self._arithmetic)

    def _share_model(self) -> nn.Module:
        return self.model  # the processes share tasks, and gradients are added up when a step has them all

    def _arithmetic(self) -> AbstractContextManager[object]:
        is_half = self.progress.precision == "bf16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=is_half)

    def _halve(self, most: int) -> list[Halves]:
        documents = self.corpus.held_out_documents
        return halve_tasks(self.corpus.held_out, documents, self.measured, objective=self.objective, most=most)

    def _count_held_out(self) -> int:
        return 2 * sum(len(part) for task in self._glanced for part in task.measured)  # measured twice over

    def _add_gradient(self, n_sequences: int) -> float:
        progress = self.progress
        draws = draw_tasks(
            self.corpus.train,
            self.corpus.train_documents,
            self.tasks,
            objective=self.objective,
            seed=self.plan.seed,
            step=progress.step,
        )
        numbers = self.group.take_share(0, len(draws))
        own = [TaskTokens(self._move(draws[number].support), self._move(draws[number].query)) for number in numbers]
        loss = self.learner.add_gradient(own, numbers=numbers, share=self.group.add_up)
        for parameter in self.model.parameters():
            if parameter.grad is None:  # of a process that has no task
                parameter.grad = torch.zeros_like(parameter)
            self.group.add_up(parameter.grad)
        if not math.isfinite(loss):
            raise DivergedError(
                f"{self.plan.title}: the loss is {loss} at step {progress.step + 1}; give a lower --inner-lr or --lr"
            )
        return loss

    def measure_held_out(self) -> float:
        """Mean over the tasks of held-out loss after adaptation, of a few sequences each."""
        return self._measure(self._glanced).after

    def measure_adaptation(self) -> Adaptation:
        """The model's losses before and after adaptation, on all that is measured."""
        return self._measure(self._halve(MEASURED_SEQUENCES))

    def measure_plain_held_out(self) -> float:
        """The loss that the card of any other run gives: of the held-out stream, without adaptation."""
        return super().measure_held_out()

    def _measure(self, halves: list[Halves]) -> Adaptation:
        sums = torch.zeros(len(halves), 2, dtype=torch.float64, device=self.device)  # of losses before and after
        for number in self.group.take_share(0, len(halves)):
            task = halves[number]
            for adapted_on, measured in ((0, 1), (1, 0)):
                tokens = self._move(task.measured[measured])
                weights = self.learner.adapt(self._move(task.support[adapted_on]))
                sums[number, 0] += self.learner.sum_loss(tokens)
                sums[number, 1] += self.learner.sum_loss(tokens, weights=weights)
        self.group.add_up(sums)
        losses = []
        for task, (before, after) in zip(halves, sums.tolist(), strict=True):
            n_tokens = sum(part[:, 1:].size for part in task.measured)
            losses.append(TaskLoss(task.name, task.n_articles, n_tokens, before / n_tokens, after / n_tokens))
        return Adaptation.over(losses)

    def _move(self, tokens: object) -> Tensor:
        return torch.as_tensor(tokens).to(self.device)
