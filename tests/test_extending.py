"""The code of docs/extending.md, run as it stands there: each file is put beside the others, and its test is run."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest

import analysis.sections
import studyapp.domain.question_types
import studyapp.generators
import studyapp.recruitment
from analysis.load import load_bundle
from analysis.page import _make_environment, _render_section
from analysis.study import Study
from studyapp.staff_site.design_words import describe_type
from tests.analysis.bundles import make_rows

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", (ROOT / "docs/extending.md").read_text(), flags=re.DOTALL))
FILES = [path for path in BLOCKS if not path.startswith("tests/")]


@pytest.fixture
def added(request, tmp_path, monkeypatch):
    """The module of a file of the page, found in a folder that its package is given beside its own."""
    path = Path(request.param)
    package = importlib.import_module(".".join(path.parent.parts))
    assert not (ROOT / path).exists(), "the page's example is part of the project by now: choose another"
    (tmp_path / path.name).write_text(BLOCKS[request.param])
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    _list_anew(monkeypatch, name=path.stem)
    name = f"{package.__name__}.{path.stem}"
    yield importlib.import_module(name)
    sys.modules.pop(name, None)
    vars(package).pop(path.stem, None)


def _list_anew(monkeypatch, *, name):
    """What each package found at its import, found again."""
    types = studyapp.domain.question_types.find_types()
    monkeypatch.setattr("studyapp.domain.question_types.FURTHER", types)
    for module in ("domain.questions", "domain.question_columns", "staff_site.design_words"):
        monkeypatch.setattr(f"studyapp.{module}.FURTHER", types)
    monkeypatch.setattr("studyapp.domain.questions.TYPES", (*studyapp.domain.question_types.BUILT_IN, *types))
    monkeypatch.setattr("studyapp.domain.text_design.SCHEMES", studyapp.generators.list_schemes())
    monkeypatch.setattr("studyapp.recruitment.MAKERS", studyapp.recruitment.find_makers())


@pytest.mark.parametrize("added", FILES, indirect=True)
def test_each_file_of_the_page_passes_the_test_beside_it(added, tmp_path_factory):
    name = added.__name__.rpartition(".")[2]
    (test,) = [code for path, code in BLOCKS.items() if path.endswith(f"test_{name}.py")]
    scope = {}
    exec(compile(test, f"docs/extending.md: test_{name}", "exec"), scope)
    (run,) = [value for key, value in scope.items() if key.startswith("test_")]
    run(*[tmp_path_factory.mktemp("bundle") for _ in inspect.signature(run).parameters])
    if name == "percentage":
        assert describe_type(name) == "a share in per cent"


@pytest.mark.parametrize("added", [path for path in FILES if path.startswith("analysis/")], indirect=True)
def test_a_section_without_a_template_is_on_the_page_and_behind_the_others(added, tmp_path):
    assert analysis.sections.list_sections()[-1] == added.__name__.rpartition(".")[2]
    people = {"control": [[("model", 5), ("human", 2)]], "small": [[("model", 5), ("human", 1)]]}
    section = added.write(Study(load_bundle(make_rows(people).write(tmp_path))))
    assert '<th scope="row">small</th>' in _render_section(_make_environment(), section, {"figures": {}})


def test_the_page_has_one_of_each():
    assert len(FILES) == 4 and len(BLOCKS) == 8
