"""Models in an object store: listed by their cards, fetched whole once, told apart when they change."""

import json

import fsspec
import pytest
from django.core.cache import cache

from studyapp.model_files.checkpoints import find_checkpoint, list_shelf
from studyapp.model_files.model_store import ModelStore, ModelStoreError

CARD = {"n_params": 1000, "spec": {"name": "0.3m"}, "held_out_loss": 3.5, "tokens_seen": 10}
HEADER = json.dumps({"w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}).encode()
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(48)


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    cache.clear()
    yield f"memory://models-{tmp_path.name}" if request.param == "memory" else f"file://{tmp_path}/bucket"
    cache.clear()


@pytest.fixture(autouse=True)
def shelf(settings, tmp_path):
    settings.MODELS_DIR, settings.MODEL_CACHE_DIR = tmp_path / "models", tmp_path / "cache"


def put(url, folder, **files):
    system, root = fsspec.core.url_to_fs(url)
    system.makedirs(f"{root}/{folder}", exist_ok=True)
    for name, content in files.items():
        system.pipe_file(f"{root}/{folder}/{name.replace('_', '.')}", content)


def put_model(url, folder, *, weights=WEIGHTS, card=CARD):
    files = {"config_json": b'{"model_type": "gpt2"}', "model_safetensors": weights}
    put(url, folder, **files, **({"byline_json": json.dumps(card).encode()} if card else {}))


def test_what_lies_in_the_store_stands_beside_the_shelf_and_is_fetched_whole(url, settings):
    settings.MODELS_URL = url
    put_model(url, "mine/small")
    put_model(url, "theirs", card=None)
    put(url, "mine", ladder_csv=b"no model")
    found = {checkpoint.folder: checkpoint for checkpoint in list_shelf()}
    assert set(found) == {"mine/small", "theirs"}
    assert (found["mine/small"].size, found["mine/small"].n_params) == ("0.3m", 1000)
    assert found["theirs"].n_params == 12, "from the beginning of its weights"
    folder = find_checkpoint("mine/small")
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    (settings.MODELS_DIR / "mine/small").mkdir(parents=True)
    (settings.MODELS_DIR / "mine/small/config.json").write_text("{}")
    assert find_checkpoint("mine/small") == settings.MODELS_DIR / "mine/small", "this machine's own goes first"


def test_a_model_is_fetched_once_and_again_when_it_has_changed(url, tmp_path):
    store = ModelStore(url=url, cache=tmp_path / "cache")
    put_model(url, "small")
    first = store.fetch("small")
    (first / "model.safetensors").write_bytes(b"as it was fetched")
    assert store.fetch("small") == first
    assert (first / "model.safetensors").read_bytes() == b"as it was fetched", "nothing is fetched twice"
    put_model(url, "small", weights=WEIGHTS + b"more")
    second = store.fetch("small")
    assert second != first and first.is_dir(), "who has opened the first keeps it"
    assert (second / "model.safetensors").read_bytes() == WEIGHTS + b"more"


def test_a_download_that_is_cut_leaves_nothing_that_looks_whole(url, tmp_path, monkeypatch):
    store = ModelStore(url=url, cache=tmp_path / "cache")
    put_model(url, "small")
    system, _ = fsspec.core.url_to_fs(url)
    fetch = type(system).get_file

    def cut(self, rpath, lpath, **kwargs):
        fetch(self, rpath, lpath, **kwargs)
        with open(lpath, "r+b") as file:
            file.truncate(1)

    with monkeypatch.context() as patch:
        patch.setattr(type(system), "get_file", cut)
        with pytest.raises(ModelStoreError, match="has 1 bytes, and should have"):
            store.fetch("small")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    assert store.fetch("small").is_dir()


def test_what_is_wrong_is_said(settings, tmp_path):
    settings.MODELS_URL = f"memory://empty-{tmp_path.name}"
    with pytest.raises(FileNotFoundError, match="no checkpoint at 'checkpoint:none'"):
        find_checkpoint("none")
    settings.MODELS_URL = "nonsense://bucket"
    cache.clear()
    assert list_shelf() == [], "the staff pages go on"
    with pytest.raises(ModelStoreError, match="Look at BYLINE_MODELS"):
        find_checkpoint("none")
