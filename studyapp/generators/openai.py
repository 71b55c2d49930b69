"""`openai:MODEL`: a model of the OpenAI-compatible server; it is paid for through the job's row."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings

from studyapp.actions import spending
from studyapp.actions.generation import GenerationOrder
from studyapp.domain.prices import compute_cost, find_price

if TYPE_CHECKING:
    from generator.remote import TokenCount
    from generator.sample import AnyWriter


def open_writer(order: GenerationOrder, *, name: str, is_chat: bool) -> "AnyWriter":
    """A model of the server, asked at the pace that all workers share, and paid from the study's budget."""
    from generator.remote import RateLimits, RemoteWriter, Server

    if not settings.OPENAI_URL:
        raise ValueError(f"{order.generator!r} needs a server: set BYLINE_OPENAI_URL for the workers")
    limits = RateLimits(
        requests_per_minute=settings.OPENAI_REQUESTS_PER_MINUTE or None,
        tokens_per_minute=settings.OPENAI_TOKENS_PER_MINUTE or None,
        storage=settings.CELERY_BROKER_URL.replace("redis+socket://", "redis+unix://", 1),
    )
    server = Server(url=settings.OPENAI_URL, key=settings.OPENAI_KEY, timeout=settings.OPENAI_TIMEOUT, limits=limits)
    return RemoteWriter(server=server, model=name, is_chat=is_chat, ledger=JobLedger(order.job_id, model=name))


class JobLedger:
    """Pays a job's requests from its study's budget, and keeps what they cost on its row.

    Raises:
        ValueError: there is a budget, but no price by which to keep it.
    """

    def __init__(self, job_id: int, *, model: str) -> None:
        self._job_id = job_id
        self._price = find_price(settings.OPENAI_PRICES, model)
        self._reserved = Decimal(0)
        if self._price is None and settings.OPENAI_BUDGET is not None:
            raise ValueError(
                f"BYLINE_OPENAI_BUDGET is set, but {model} has no price: add {model}=IN/OUT to BYLINE_OPENAI_PRICES"
            )

    def reserve(self, most: "TokenCount") -> None:
        amount = compute_cost(self._price, prompt_tokens=most.prompt, completion_tokens=most.completion)
        spending.reserve(self._job_id, amount=amount, budget=settings.OPENAI_BUDGET)
        self._reserved += amount

    def settle(self, spent: "TokenCount") -> None:
        amount = compute_cost(self._price, prompt_tokens=spent.prompt, completion_tokens=spent.completion)
        tokens = spending.SpentTokens(prompt=spent.prompt, completion=spent.completion)
        spending.settle(self._job_id, reserved=self._reserved, spent=amount, tokens=tokens)
