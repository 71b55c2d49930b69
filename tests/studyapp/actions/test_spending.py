from decimal import Decimal

import pytest

from studyapp.actions import spending
from studyapp.actions.generation import queue_jobs
from studyapp.actions.spending import BudgetExhaustedError, SpentTokens
from studyapp.models import GenerationJob
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db


def cost_of(job_id):
    return GenerationJob.objects.get(pk=job_id).cost


def test_a_reservation_becomes_what_was_spent_and_others_may_use_the_rest():
    first, second, *_ = queue_jobs(make_draft())
    spending.reserve(first, amount=Decimal(6), budget=Decimal(10))
    with pytest.raises(BudgetExhaustedError, match=r"\(10\) holds 4.0000 yet, and this article may cost 5.0000; raise"):
        spending.reserve(second, amount=Decimal(5), budget=Decimal(10))
    assert cost_of(second) == 0
    spending.settle(first, reserved=Decimal(6), spent=Decimal("1.5"), tokens=SpentTokens(prompt=700, completion=80))
    spending.reserve(second, amount=Decimal(5), budget=Decimal(10))
    job = GenerationJob.objects.get(pk=first)
    assert (job.cost, job.prompt_tokens, job.completion_tokens) == (Decimal("1.5"), 700, 80)
    assert cost_of(second) == 5


def test_a_further_attempt_adds_to_what_was_spent():
    job_id = queue_jobs(make_draft())[0]
    for _ in range(2):
        spending.reserve(job_id, amount=Decimal(2), budget=None)
        spending.settle(job_id, reserved=Decimal(2), spent=Decimal(1), tokens=SpentTokens(prompt=10, completion=5))
    job = GenerationJob.objects.get(pk=job_id)
    assert (job.cost, job.prompt_tokens, job.completion_tokens) == (2, 20, 10)


def test_the_budget_is_each_studys_own():
    one = queue_jobs(make_draft(slug="one"))[0]
    other = queue_jobs(make_draft(slug="other"))[0]
    spending.reserve(one, amount=Decimal(10), budget=Decimal(10))
    spending.reserve(other, amount=Decimal(10), budget=Decimal(10))
    with pytest.raises(BudgetExhaustedError):
        spending.reserve(one, amount=Decimal("0.000001"), budget=Decimal(10))
