"""Machine detectors on the texts of a bundle: python -m generator.detect BUNDLE --model DIR|ORG/NAME [--model …]
    --out detectors.csv [--observer DIR|ORG/NAME] [--given nothing title] [--whole] [--no-style] [--device cpu|cuda]

BUNDLE is a bundle's .zip or folder, of which stimuli.csv and items.csv are read. Each --model scores every text
(generator.detectors says how); with an --observer, which scores them too, the first --model is Binoculars' performer:
two sizes with one tokenizer. --given: whether a model is told the title first, or nothing; both unless said otherwise.
The versions of a title are cut to the words of the shortest one, unless --whole. The classifier of style is trained on
the texts of other titles (generator.stylometry). Put into the bundle's folder, the file becomes part of the report.
"""

import argparse
import csv
import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from generator.checkpoint_files import Checkpoint
from generator.command import command
from generator.detectors import (
    GIVEN,
    LEAST_TOKENS,
    MACHINE_WHEN,
    DetectionError,
    Given,
    Passage,
    ProgressCallback,
    Scored,
    Scorer,
    score_passages,
)
from generator.progress import open_board
from generator.stylometry import STYLOMETRY, StyleError, score_styles

STYLE_STEP = "style"


@dataclass(frozen=True)
class StudyText:
    """A stimulus; `item` is what the versions of one title share."""

    stimulus: str
    item: str
    title: str
    subtitle: str
    text: str
    is_model: bool


@dataclass(frozen=True)
class DetectionPlan:
    """What is to be worked out. Beside an `observer` the first other one of `models` is Binoculars' performer."""

    models: tuple[str, ...]
    observer: str | None = None
    given: tuple[Given, ...] = GIVEN
    equal_length: bool = True
    style: bool = True

    def __post_init__(self) -> None:
        if not self.models and not self.style:
            raise DetectionError("choose a model or the classifier of style: without either nothing is worked out")
        if self.observer and not set(self.models) - {self.observer}:
            raise DetectionError("Binoculars needs two models: name another one beside the observer")
        if unknown := [given for given in self.given if given not in GIVEN]:
            raise DetectionError(f"a model cannot be given {unknown[0]!r}; choose from {', '.join(GIVEN)}")

    def list_steps(self) -> list["Step"]:
        """The parts that are carried out, and kept, one after another."""
        alone = [(model,) for model in dict.fromkeys(self.models) if model != self.observer]
        if self.observer:
            alone[0] = (*alone[0], self.observer)
        steps = [Step(models, given) for given in dict.fromkeys(self.given) for models in alone]
        return [*steps, *([Step((), "nothing")] if self.style else [])]


@dataclass(frozen=True)
class Step:
    """One model's passes over all texts, or those of performer and observer together; no model: the style."""

    models: tuple[str, ...]
    given: Given

    @property
    def key(self) -> str:
        return f"{self.given} {' + '.join(self.models)}" if self.models else STYLE_STEP


@dataclass(frozen=True)
class DetectorScore:
    """A row of detectors.csv; `score` None: the text is too short for it, or it cannot be worked out."""

    stimulus: str
    detector: str
    scorer: str
    given: str
    machine_when: str
    score: float | None
    tokens: int | None


def carry_out(
    step: Step,
    texts: Sequence[StudyText],
    *,
    equal_length: bool,
    open_model: Callable[[str], Checkpoint],
    on_progress: ProgressCallback | None = None,
) -> list[DetectorScore]:
    """The scores of all texts that a step gives.

    Raises:
        DetectionError, StyleError, CheckpointError: see `score_passages`, `score_styles` and `open_checkpoint`.
    """
    passages = make_passages(texts, equal_length=equal_length)
    if not step.models:
        scores = score_styles(
            [passage.cut() for passage in passages],
            titles=[text.item for text in texts],
            is_model=[text.is_model for text in texts],
        )
        return [
            DetectorScore(text.stimulus, STYLOMETRY, "", step.given, "high", score, None)
            for text, score in zip(texts, scores, strict=True)
        ]
    scorers = [Scorer(name, open_model(name)) for name in step.models]
    found = score_passages(
        passages,
        scorer=scorers[0],
        observer=scorers[1] if len(scorers) > 1 else None,
        given=step.given,
        on_progress=on_progress,
    )
    return [
        row
        for scorer, scored in zip(scorers, found, strict=True)
        for text, one in zip(texts, scored, strict=True)
        for row in _list_rows(text, one, scorer=scorer.name, given=step.given)
    ]


def make_passages(texts: Sequence[StudyText], *, equal_length: bool) -> list[Passage]:
    """The texts as they are read: all versions of a title with the words of its shortest one, where lengths are equal.

    Otherwise a longer text, whose mean is steadier, would be told by that.
    """
    shortest: dict[str, int] = {}
    for text in texts if equal_length else ():
        words = len(text.text.split())
        shortest[text.item] = min(words, shortest.get(text.item, words))
    return [Passage(text.text, text.title, text.subtitle, most_words=shortest.get(text.item)) for text in texts]


def _list_rows(text: StudyText, scored: Scored, *, scorer: str, given: Given) -> list[DetectorScore]:
    return [
        DetectorScore(text.stimulus, detector, scorer, given, MACHINE_WHEN[detector], score, scored.tokens)
        for detector, score in scored.scores.items()
    ]


def read_bundle(path: Path) -> list[StudyText]:
    """The texts of a bundle.

    Raises:
        DetectionError: there are none.
    """
    titles = {row["item"]: row for row in _read_table(path, "items.csv", columns=("item", "title"))}
    texts = [
        StudyText(
            stimulus=row["stimulus"],
            item=row["item"],
            title=titles.get(row["item"], {}).get("title") or "",
            subtitle=titles.get(row["item"], {}).get("subtitle") or "",
            text=row["text"],
            is_model=bool(row["arm"]),
        )
        for row in _read_table(path, "stimuli.csv", columns=("stimulus", "item", "arm", "text"))
        if row["text"]
    ]
    if not texts:
        raise DetectionError(f"{path} holds no texts: stimuli.csv is empty")
    return texts


def _read_table(path: Path, name: str, *, columns: Sequence[str]) -> list[dict[str, str]]:
    if not path.exists():
        raise DetectionError(f"there is no bundle {path}; name a bundle's .zip or folder")
    try:
        if path.is_dir():
            content = (path / name).read_bytes()
        else:
            with zipfile.ZipFile(path) as archive:
                content = archive.read(name)
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        found = list(rows)
    except (OSError, KeyError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise DetectionError(f"{name} of {path} cannot be read ({error}); name a bundle's .zip or folder") from None
    if missing := [column for column in columns if column not in (rows.fieldnames or ())]:
        raise DetectionError(f"{name} of {path} lacks the column {missing[0]}; take a bundle as the site exports it")
    return found


def write_scores(scores: Sequence[DetectorScore], out: Path) -> None:
    """detectors.csv, as a bundle has it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(field.name for field in fields(DetectorScore))
        writer.writerows(astuple(score) for score in scores)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.detect", description="Score the texts of a bundle.")
    parser.add_argument("bundle", type=Path, help=".zip or folder")
    parser.add_argument("--model", action="append", default=[], help="folder, or cached ORG/NAME; may be repeated")
    parser.add_argument("--observer", help="a further one, beside which the first --model is Binoculars' performer")
    parser.add_argument("--out", type=Path, required=True, help="detectors.csv")
    parser.add_argument("--given", nargs="+", choices=GIVEN, default=GIVEN, help="what stands before a text (both)")
    parser.add_argument("--whole", action="store_true", help="read texts whole, whatever their lengths")
    parser.add_argument("--no-style", action="store_true", help="leave the classifier of style out")
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    return parser.parse_args(arguments)


def _open(name: str, device: str | None) -> Checkpoint:
    from generator.writer import open_writer

    if not Path(name).exists() and name.partition("@")[0].count("/") == 1:
        from generator.hub_cache import open_cached_writer

        return open_cached_writer(name, device=device).checkpoint
    return open_writer(name, device=device).checkpoint


def _name_models(plan: DetectionPlan) -> dict[str, str]:
    """What the scores of each model are kept under: a folder's name, which says nothing of this machine.

    Raises:
        DetectionError: two models would be called the same.
    """
    models = [*dict.fromkeys([*plan.models, *([plan.observer] if plan.observer else [])])]
    names = {model: Path(model).resolve().name if Path(model).exists() else model for model in models}
    if twice := sorted({name for name in names.values() if list(names.values()).count(name) > 1}):
        raise DetectionError(f"two models are called {', '.join(twice)}; name their folders differently")
    return names


@command
def main(arguments: list[str] | None) -> None:
    options = parse_arguments(arguments)
    plan = DetectionPlan(
        models=tuple(options.model),
        observer=options.observer,
        given=tuple(options.given),
        equal_length=not options.whole,
        style=not options.no_style,
    )
    names = _name_models(plan)
    if options.out.is_dir():
        raise DetectionError(f"{options.out} is a folder; name a file for the scores, as {options.out}/detectors.csv")
    texts = read_bundle(options.bundle)
    scores: list[DetectorScore] = []
    with open_board() as board:
        for step in plan.list_steps():

            def show(done: int, total: int, step: Step = step) -> None:
                board.show(step.key, done=done, total=total)

            try:
                scores += carry_out(
                    step,
                    texts,
                    equal_length=plan.equal_length,
                    open_model=lambda name: _open(name, options.device),
                    on_progress=show,
                )
            except StyleError as error:
                board.say(f"no classifier of style: {error}")
        scores = [replace(score, scorer=names.get(score.scorer, "")) for score in scores]
        write_scores(scores, options.out)
        unknown = len({score.stimulus for score in scores if score.score is None})
        board.say(f"{options.out}: {len(texts)} texts, {len(scores):,} scores")
        if unknown:
            board.say(f"{unknown} texts lack a score: fewer than {LEAST_TOKENS} tokens, or nothing to divide by")


if __name__ == "__main__":
    sys.exit(main())
