"""Orders to candidates, in a worker: the only place where a study's articles meet the generator."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING

from studyapp.actions.generation import GenerationOrder, WrittenCandidate
from studyapp.generators import CHAT

if TYPE_CHECKING:
    from generator.sample import AnyWriter, ArticleOrder, Draft

OnWritten = Callable[[GenerationOrder, list[WrittenCandidate]], None]
OnRefused = Callable[[GenerationOrder, Exception], None]


def write_orders(
    orders: Sequence[GenerationOrder],
    *,
    on_written: OnWritten,
    on_refused: OnRefused,
    on_progress: Callable[[int, int], None],
) -> None:
    """Write the candidates of orders of one arm together; each is handed over as soon as it is there.

    `on_refused` is told of an order that its model cannot take (a title that leaves no room); the others go on.

    Raises:
        FileNotFoundError, ValueError: the arm's model cannot be opened, or its sampling cannot be.
    """
    writer = open_arm_writer(orders[0])
    writer.write_all(
        [_make_article_order(order) for order in orders],
        on_written=lambda number, drafts: on_written(
            orders[number], [_keep(draft, orders[number]) for draft in drafts]
        ),
        on_refused=lambda number, error: on_refused(orders[number], error),
        on_progress=on_progress,
    )


def open_arm_writer(order: GenerationOrder) -> "AnyWriter":
    """The writer of `SCHEME:NAME`, by the module of `studyapp.generators`; with `-chat`, one that answers.

    Raises:
        FileNotFoundError, ValueError: there is no such model, or no server is set.
    """
    scheme, _, name = order.generator.partition(":")
    module = import_module(f"studyapp.generators.{scheme.removesuffix(CHAT)}")
    return module.open_writer(order, name=name, is_chat=scheme.endswith(CHAT))


def _make_article_order(order: GenerationOrder) -> "ArticleOrder":
    from generator.sample import ArticleOrder, ArticleRequest, FitnessRules, Sampling, Story

    request = ArticleRequest(
        title=order.title,
        subtitle=order.subtitle,
        context=tuple(Story(title=a.title, subtitle=a.subtitle, body=a.body) for a in order.context),
        conditioned=order.conditioned,
        target_words=order.human_words,
        sampling=Sampling.from_mapping(order.sampling),
        human_body=order.human_body,
        language=order.language,
        rules=FitnessRules.from_mapping(order.fitness),
        instruction=order.instruction,
    )
    return ArticleOrder(request=request, seeds=order.seeds)


def _keep(draft: "Draft", order: GenerationOrder) -> WrittenCandidate:
    return WrittenCandidate(
        seed=draft.seed,
        text=draft.text,
        flags=draft.flags,
        is_fit=draft.is_fit,
        measures=asdict(draft.measures),
        n_tokens=draft.n_tokens,
        seconds=draft.seconds,
        prompt_sha256=draft.prompt_sha256,
        prompt_tokens=draft.prompt_tokens,
        model_version=draft.model_version,
        context=tuple(article.ref for article in order.context[len(order.context) - draft.n_context :]),
    )
