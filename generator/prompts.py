"""The frame in which a model reads and writes an article (PROTOCOL §1): Title, Subtitle, Article.

Training documents and prompts are rendered by the same functions, so that a model we train knows the frame.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

FRAME_LABELS = ("Title:", "Subtitle:", "Article:")
CHAT_INSTRUCTION = (
    "You write newspaper articles. You are given earlier articles and then the title and the subtitle of a new one. "
    "Answer with the text of the new article and nothing else: no title, no label, no comment."
)
CHAT_CONTROL_INSTRUCTION = "Write a newspaper article. Answer with its text and nothing else."
_STORY_BREAK = "\n\n"
_LEADING_FRAME = re.compile(
    r"\A\s*(?:<think>.*?(?:</think>\s*|\Z))?"  # what some models put before their answer
    r"(?:Title:[^\n]*(?:\n\s*|\Z))?(?:Subtitle:[^\n]*(?:\n\s*|\Z))?(?:Article:\s*)?",
    re.DOTALL,
)


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


def build_prompt(*, context: Sequence[Story], title: str, subtitle: str, instruction: str = "") -> str:
    """The instruction where there is one, the context stories in their order, and the frame that the model is to fill.

    They are parted by a blank line.
    """
    begin = [instruction.strip()] if instruction.strip() else []
    return _STORY_BREAK.join([*begin, *map(render_story, context), _render_frame(title=title, subtitle=subtitle)])


def build_unconditional_prompt() -> str:
    """The control's prompt: no context, no title, only the label after which an article stands."""
    return FRAME_LABELS[2]


def build_messages(prompt: str, *, conditioned: bool) -> list[dict[str, str]]:
    """A prompt as the turns of a chat, for models made to answer: of a server, or with a chat template of their own.

    The control's holds one instruction and nothing of the prompt.
    """
    if not conditioned:
        return [{"role": "user", "content": CHAT_CONTROL_INSTRUCTION}]
    return [{"role": "system", "content": CHAT_INSTRUCTION}, {"role": "user", "content": prompt}]


def cut_leading_frame(answer: str) -> str:
    """An answer without the labels that a model repeats before its text, whole or as far as they are written yet."""
    return _LEADING_FRAME.sub("", answer, count=1)


def fit_prompt(
    *,
    context: Sequence[Story],
    title: str,
    subtitle: str,
    count_tokens: Callable[[str], int],
    limit: int,
    instruction: str = "",
) -> FittedPrompt:
    """The prompt with as many of the last context stories as `limit` tokens hold.

    Title and instruction are never dropped.

    Raises:
        PromptTooLongError: the frame alone is longer than `limit`.
    """
    for n_dropped in range(len(context) + 1):
        text = build_prompt(context=context[n_dropped:], title=title, subtitle=subtitle, instruction=instruction)
        n_tokens = count_tokens(text)
        if n_tokens <= limit:
            return FittedPrompt(text=text, n_stories=len(context) - n_dropped, n_tokens=n_tokens)
    raise PromptTooLongError(
        f"title and subtitle (with any instruction) take {n_tokens} tokens; the model has room for {limit}"
    )


def _render_frame(*, title: str, subtitle: str) -> str:
    """The lines up to `Article:`; title and subtitle are put on one line each, and have none where there is none."""
    lines = [f"{FRAME_LABELS[0]} {' '.join(title.split())}"] if title.strip() else []
    if subtitle.strip():
        lines.append(f"{FRAME_LABELS[1]} {' '.join(subtitle.split())}")
    return "\n".join([*lines, FRAME_LABELS[2]])
