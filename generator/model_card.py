"""The card beside a checkpoint's weights: what was trained, on what, and how well. Needs no torch.

byline.json is for programs, README.md says the same to people.
"""

import json
import subprocess
from dataclasses import MISSING, asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from generator.adaptation import Adaptation, render_adaptation
from generator.objectives import Objective
from generator.specs import GPTSpec

CARD_FILE = "byline.json"
README_FILE = "README.md"
CARD_FORMAT = 1


class CardError(ValueError):
    """The card is missing or cannot be read; the message names the file."""


@dataclass(frozen=True)
class ModelCard:
    """Losses are nats a token, `best_step` the optimiser step whose weights were kept (lowest held-out loss).

    What has a default came later than the format: a card without it is read as well.
    """

    spec: GPTSpec
    n_params: int
    tokens_seen: int
    tokens_budget: int
    steps: int
    best_step: int
    train_loss: float
    held_out_loss: float
    tokens_per_word: float
    corpus_sha256: str
    corpus_files: tuple[str, ...]
    excluded_articles: tuple[str, ...]
    settings_sha256: str
    seed: int
    seconds: float
    device: str
    code_version: str
    torch_version: str
    precision: str = "fp32"
    is_compiled: bool = False
    n_processes: int = 1
    train_flops: float | None = None
    started_from: str = ""
    objective: Objective | None = None
    adaptation_at_start: Adaptation | None = None
    adaptation: Adaptation | None = None

    def write(self, folder: Path) -> None:
        """Write the card as the last file of a checkpoint, at one stroke: where it lies, the checkpoint is whole."""
        (folder / README_FILE).write_text(self.render(), encoding="utf-8")
        path = folder / CARD_FILE
        unfinished = path.with_suffix(".json.new")
        content = {"format": CARD_FORMAT, **asdict(self)}
        unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(path)

    def render(self) -> str:
        """README.md: a table in Markdown, after the front matter that Hugging Face's tools read."""
        spec = self.spec
        banded = spec.layer_kinds().count("banded")
        rows = {
            "parameters": f"{self.n_params:,}",
            "shape": f"{spec.n_layers} layers, width {spec.d_model}, {spec.n_heads} heads, context {spec.context}",
            "attention": f"{banded} of the layers banded ({spec.band} tokens), {spec.attention}" if banded else "dense",
            "vocabulary": f"{spec.vocab_size:,} tokens, {self.tokens_per_word:.2f} a word",
            "held-out loss": f"{self.held_out_loss:.4f} nats a token, at step {self.best_step:,} of {self.steps:,}",
            "training loss": f"{self.train_loss:.4f} nats a token, mean of the last tenth",
            "tokens seen": f"{self.tokens_seen:,} (budget {self.tokens_budget:,})",
            "training compute": "unknown" if self.train_flops is None else f"{self.train_flops:.3g} FLOPs",
            "batch and peak rate": f"{spec.batch_tokens:,} tokens, {spec.peak_lr:g}",
            "corpus": f"{', '.join(self.corpus_files)}; SHA-256 of its tokens {self.corpus_sha256}",
            "kept out": f"{len(self.excluded_articles)} articles that overlap with those of a study",
            "made on": f"{self.n_processes} x {self.device}, {self.precision}"
            f"{', compiled' if self.is_compiled else ''}, in {self.seconds:,.0f} s",
            "made by": f"Byline {self.code_version}, torch {self.torch_version}, seed {self.seed}",
        }
        if self.started_from:
            rows["started from"] = self.started_from
        if self.objective:
            rows["objective"] = f"{self.objective.describe()}; {self.objective.describe_tasks()}"
        table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
        front = "---\npipeline_tag: text-generation\ntags: [byline, gpt]\n---\n"
        return (
            f"{front}# A Byline GPT, size {spec.name}\n\nTrained to write news articles for a study; it states nothing "
            f"that is true.\n\n| | |\n|---|---|\n{table}{self._render_adaptation()}"
        )

    def _render_adaptation(self) -> str:
        if not (self.objective and self.adaptation_at_start and self.adaptation):
            return ""
        field = self.objective.task_field
        return (
            f"\n## Held-out loss by {field}, before and after adapting to it\n\n"
            f"Nats a token. A {field} is adapted to on one half of its held-out articles ({self.objective.shots} "
            f"sequences) and measured on the other.\n\n"
            f"{render_adaptation(self.adaptation_at_start, self.adaptation)}"
        )


def read_card(folder: str | Path) -> ModelCard:
    """The card of a checkpoint of ours.

    Raises:
        CardError: there is none, or it is not of this format.
    """
    path = Path(folder) / CARD_FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardError(f"there is no {CARD_FILE} in {folder}") from None
    except ValueError as error:
        raise CardError(f"{path} is no JSON: {error}") from None
    if content.pop("format", None) != CARD_FORMAT:
        raise CardError(f"{path} is not of format {CARD_FORMAT}")
    required = {field.name for field in fields(ModelCard) if field.default is MISSING}
    names = {field.name for field in fields(ModelCard)}
    if faulty := (required - content.keys()) | (content.keys() - names):
        raise CardError(f"{path} lacks or has too many of the fields {', '.join(sorted(faulty))}")
    content["spec"] = GPTSpec(**content["spec"])
    for name in ("corpus_files", "excluded_articles"):
        content[name] = tuple(content[name])
    if content.get("objective"):
        content["objective"] = Objective(**content["objective"])
    for name in ("adaptation_at_start", "adaptation"):
        if content.get(name):
            content[name] = Adaptation.parse(content[name])
    return ModelCard(**content)


def has_card(folder: str | Path) -> bool:
    return (Path(folder) / CARD_FILE).is_file()


def find_code_version() -> str:
    """The version of the installed package, and in a checkout the commit, for the card."""
    try:
        number = version("byline")
    except PackageNotFoundError:
        number = "unknown"
    checkout = Path(__file__).parents[1]
    if not (checkout / ".git").exists():
        return number
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return number
    return f"{number}+g{commit}"
