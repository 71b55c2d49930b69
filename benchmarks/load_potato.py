"""Potato with the same texts and one five-point question, as its own server runs it, and the raters who read there.

Its page saves an answer by one request as it is given, and asks for the next page by another: two requests a page, as
on the other sites. It keeps no database; answers are files, a folder for each rater.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

from benchmarks.export_streaming import write_articles
from benchmarks.load_peers import find_program
from benchmarks.load_raters import ITEMS, LoadRater, Outcome, Site, TimeUpError
from benchmarks.load_shape import Load
from benchmarks.server_process import find_port, run_server
from studyapp.domain.judgment import LABELS
from studyapp.simulated.simulation import SimulationError

_INSTANCE = re.compile(r'name="instance_id"[^>]*value="([^"]+)"')
WORDS = [str(label) for label in LABELS.values()]


class PotatoRater(LoadRater):
    """One who answers page after page by the requests of Potato's own script; nobody sends twice or goes back."""

    def take_part(self, *, answered_before: int = 0) -> None:
        shown = self._find_shown(self._client.get(self._entry).text)
        for _ in range(ITEMS):
            if self._character.stops_after == self.answers:
                return
            if time.perf_counter() > self._until:
                raise TimeUpError
            begun = time.perf_counter()
            judgment = self._rng.randrange(len(WORDS))
            answer = {"instance_id": shown, "annotations": {f"judgment:{WORDS[judgment]}": "true"}}
            self._outcome.sent[f"{self._entry}#{shown}"] = judgment
            self._client.post_json("/updateinstance", answer)
            following = self._client.post_json("/annotate", {"action": "next_instance", "instance_id": shown})
            self.answers += 1
            now = time.perf_counter()
            self._outcome.answered.append((now, now - begun))
            if self.answers < ITEMS:
                shown = self._find_shown(following.text)

    def _find_shown(self, page: str) -> str:
        if found := _INSTANCE.search(page):
            return unescape(found[1])
        raise SimulationError(f"there is no text on Potato's page: {' '.join(page.split())[:200]}")


class Potato:
    """One run; `check` counts the answers in its files after the server has ended."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def serve(self, home: Path, load: Load) -> Iterator[tuple[Site, list[int]]]:
        program = find_program("POTATO", name="Potato")
        (home / "articles.json").write_text(json.dumps(_write_instances()), encoding="utf-8")
        (home / "config.yaml").write_text(json.dumps(_write_settings()), encoding="utf-8")  # JSON is YAML too
        port = find_port()
        url = f"http://127.0.0.1:{port}"
        command = [program, "start", "config.yaml", "-p", str(port)]
        with run_server(command, cwd=home, env=dict(os.environ), health=f"{url}/health", log=home) as pid:

            def find_entry(number: int) -> str:
                return f"{url}/?PROLIFIC_PID=rater{number}"

            site = Site(url=url, find_entry=find_entry, rater=PotatoRater, name_page=lambda _: "item")
            yield site, [pid]
        self._count = sum(map(_count_answers, home.glob("annotations/*/user_state.json")))

    def check(self, outcome: Outcome) -> list[str]:
        return [] if self._count == len(outcome.sent) else [f"{self._count} answers of {len(outcome.sent)} are stored"]


def _write_instances() -> list[dict[str, str]]:
    return [
        {"id": f"text{number}", "text": f"{article['title']}\n\n{article['body']}"}
        for number, article in enumerate(write_articles())
    ]


def _write_settings() -> dict[str, object]:
    return {
        "annotation_task_name": "rate",
        "task_dir": ".",
        "output_annotation_dir": "annotations",
        "data_files": ["articles.json"],
        "item_properties": {"id_key": "id", "text_key": "text"},
        "login": {"type": "url_direct", "url_argument": "PROLIFIC_PID"},
        "user_config": {"allow_all_users": True, "users": []},
        "require_password": False,
        "assignment_strategy": "fixed_order",
        "max_annotations_per_user": ITEMS,
        "max_annotations_per_item": -1,
        "annotation_schemes": [
            {
                "annotation_type": "radio",
                "name": "judgment",
                "description": "Who wrote this article?",
                "labels": WORDS,
                "label_requirement": {"required": True},
            }
        ],
    }


def _count_answers(state: Path) -> int:
    return len(json.loads(state.read_text(encoding="utf-8"))["instance_id_to_label_to_value"])
