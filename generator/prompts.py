"""The frame in which a model reads and writes an article (PROTOCOL §1): Title, Subtitle, Article.

Training documents and prompts are rendered by the same functions, so that a model we train knows the frame.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FRAME_LABELS = ("Title:", "Subtitle:", "Article:")
_STORY_BREAK = "\n\n"


class PromptTooLongError(ValueError):
    """Not even the bare frame of the article fits into the model's context."""


@dataclass(frozen=True)
class Story:
    """An article as a prompt shows it. Paragraphs of `body` are parted by a blank line; `subtitle` may be empty."""

    title: str
    subtitle: str
    body: str


@dataclass(frozen=True)
class FittedPrompt:
    """A prompt within its limit: its text, how many context stories were kept (the latest ones), and its tokens."""

    text: str
    n_stories: int
    n_tokens: int


def render_story(story: Story) -> str:
    """`Title: …`, `Subtitle: …` (no such line when empty) and `Article: …`, a line each."""
    body = _STORY_BREAK.join(part.strip() for part in re.split(r"\n\s*\n", story.body.strip()) if part.strip())
    return f"{_render_frame(title=story.title, subtitle=story.subtitle)} {body}"


def build_prompt(*, context: Sequence[Story], title: str, subtitle: str) -> str:
    """The context stories, oldest first and parted by a blank line, then the frame that the model is to fill."""
    return _STORY_BREAK.join([*map(render_story, context), _render_frame(title=title, subtitle=subtitle)])


def build_unconditional_prompt() -> str:
    """The control's prompt: no context, no title, only the label after which an article stands."""
    return FRAME_LABELS[2]


def fit_prompt(
    *, context: Sequence[Story], title: str, subtitle: str, count_tokens: Callable[[str], int], limit: int
) -> FittedPrompt:
    """The prompt with as many of the latest context stories as `limit` tokens hold; the title is never dropped.

    Raises:
        PromptTooLongError: the frame alone is longer than `limit`.
    """
    for n_dropped in range(len(context) + 1):
        text = build_prompt(context=context[n_dropped:], title=title, subtitle=subtitle)
        n_tokens = count_tokens(text)
        if n_tokens <= limit:
            return FittedPrompt(text=text, n_stories=len(context) - n_dropped, n_tokens=n_tokens)
    raise PromptTooLongError(f"title and subtitle take {n_tokens} tokens; the model has room for {limit}")


def _render_frame(*, title: str, subtitle: str) -> str:
    """The lines up to `Article:`; title and subtitle are put on one line each."""
    lines = [f"{FRAME_LABELS[0]} {' '.join(title.split())}"]
    if subtitle.strip():
        lines.append(f"{FRAME_LABELS[1]} {' '.join(subtitle.split())}")
    return "\n".join([*lines, FRAME_LABELS[2]])
