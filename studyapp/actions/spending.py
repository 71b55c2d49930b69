"""What the models of a server cost a study: charged in advance for the most it can be, and set right afterwards.

A worker that dies in between leaves its job charged with the most: what a server was asked for is paid, whoever asked.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from studyapp.models import GenerationJob, Study


class BudgetExhaustedError(RuntimeError):
    """The study's budget does not hold what is about to be spent; the message says both."""


@dataclass(frozen=True)
class SpentTokens:
    """What a server has read and written."""

    prompt: int
    completion: int


@transaction.atomic
def reserve(job_id: int, *, amount: Decimal, budget: Decimal | None) -> None:
    """Charge a job with what its next requests cost at most. Locks the study, so that workers reserve in turn.

    Raises:
        BudgetExhaustedError: with it, all jobs of the study would cost more than its budget.
    """
    jobs = GenerationJob.objects.filter(pk=job_id)
    if budget is not None:
        study = Study.objects.select_for_update().get(arms__jobs=job_id)
        charged = GenerationJob.objects.of_study(study.pk).aggregate(sum=Sum("cost"))["sum"] or Decimal(0)
        if charged + amount > budget:
            raise BudgetExhaustedError(
                f"the budget of this study ({budget}) holds {budget - charged:.4f} yet, and this article may cost "
                f"{amount:.4f}; raise BYLINE_OPENAI_BUDGET, then queue again"
            )
    jobs.update(cost=F("cost") + amount)


def settle(job_id: int, *, reserved: Decimal, spent: Decimal, tokens: SpentTokens) -> None:
    """Put what was spent in the place of what was reserved, whoever has the job by now."""
    GenerationJob.objects.filter(pk=job_id).update(
        cost=F("cost") - reserved + spent,
        prompt_tokens=F("prompt_tokens") + tokens.prompt,
        completion_tokens=F("completion_tokens") + tokens.completion,
    )
