"""The shelf of models is read from its cards."""

import json

import pytest

from studyapp.model_files.checkpoints import list_checkpoints, read_tuning


def put(folder, *, card=None, config=None):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config or {"model_type": "gpt2"}))
    if card:
        (folder / "byline.json").write_text(json.dumps(card))


def test_ours_and_others_by_folder_and_size(tmp_path):
    for name, n_params in (("large", 9), ("small", 3), ("control", 1)):
        card = {"spec": {"name": "3m"}, "n_params": n_params, "held_out_loss": 4.5, "tokens_seen": 100}
        put(tmp_path / "mine" / name, card=card)
    put(tmp_path / "gpt2")
    found = list_checkpoints(tmp_path)
    assert [checkpoint.generator for checkpoint in found] == [
        "checkpoint:gpt2", "checkpoint:mine/control", "checkpoint:mine/small", "checkpoint:mine/large",
    ]  # fmt: skip
    assert (found[0].size, found[0].n_params, found[0].held_out_loss, found[0].tokens) == ("gpt2", None, None, None)
    assert (found[3].size, found[3].n_params, found[3].held_out_loss, found[3].tokens) == ("3m", 9, 4.5, 100)
    assert [checkpoint.looks_like_control for checkpoint in found] == [False, True, False, False]


def test_what_cannot_be_read_is_left_out(tmp_path):
    put(tmp_path / "good")
    put(tmp_path / "bad")
    (tmp_path / "bad" / "config.json").write_text("{")
    (tmp_path / "empty").mkdir()
    assert [checkpoint.folder for checkpoint in list_checkpoints(tmp_path)] == ["good"]


def test_no_shelf_is_an_empty_one(tmp_path):
    assert list_checkpoints(tmp_path / "nothing") == []


@pytest.mark.parametrize(("depth", "found"), [(3, 1), (4, 0)])
def test_folders_are_looked_into_to_a_depth(tmp_path, depth, found):
    put(tmp_path.joinpath(*"abcd"[:depth]))
    assert len(list_checkpoints(tmp_path)) == found


def test_an_adapter_is_listed_with_its_whole_models_size_and_its_costs_are_read(tmp_path, settings):
    settings.MODELS_DIR = tmp_path
    put(tmp_path / "tuned")
    (tmp_path / "tuned" / "adapter_config.json").write_text("{}")
    assert list_checkpoints(tmp_path)[0].n_params is None, "an adapter alone says no size"
    (tmp_path / "tuned" / "tuning.json").write_text('{"n_params": 77, "started_from": "3m"}')
    assert (list_checkpoints(tmp_path)[0].n_params, list_checkpoints(tmp_path)[0].size) == (77, "3m")
    assert read_tuning("checkpoint:tuned") == {"n_params": 77, "started_from": "3m"}
    assert read_tuning("checkpoint:none") is None and read_tuning("huggingface:a/tuned") is None
    (tmp_path / "tuned" / "tuning.json").write_text("{")
    assert read_tuning("checkpoint:tuned") is None
