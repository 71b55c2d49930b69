import csv
import os
import signal
import subprocess
import sys
import time

import pytest

from generator.model_card import read_card
from generator.packing import CorpusPlan
from generator.progress import LineBoard
from generator.train import TrainingRefusedError, main, train_model
from generator.training_run import TrainingPlan
from tests.generator.conftest import make_spec

ARGUMENTS = ["--size", "demo-control", "--vocab", "400", "--context", "64", "--batch-tokens", "512", "--device", "cpu"]


def read_curve(folder):
    with (folder / "loss.csv").open() as file:
        return list(csv.DictReader(file))


def make_plan(corpus_file, out, **changes):
    fields = {
        "spec": make_spec(), "tokens": 4000, "seed": 1, "out": out, "device": "cpu", "precision": "fp32",
        "corpus": CorpusPlan(files=(corpus_file,), exclude=(), vocab_size=400),
    }  # fmt: skip
    return TrainingPlan(**{**fields, **changes})


def test_a_killed_run_goes_on_exactly(corpus_file, tmp_path):
    """SIGKILL in the middle, wherever it falls; the losses and the weights are those of the unbroken run."""
    arguments = [*ARGUMENTS, "--corpus", str(corpus_file), "--tokens", "80000", "--state-seconds", "0.1"]
    assert main([*arguments, "--out", str(tmp_path / "whole")]) == 0
    broken = tmp_path / "broken"
    command = [sys.executable, "-m", "generator.train", *arguments, "--out", str(broken)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    state = broken / "training" / "state.safetensors"
    deadline = time.monotonic() + 60
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert state.exists() and not (broken / "byline.json").exists(), "it was not killed in the middle"
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "goes on at step" in finished.stdout
    assert read_curve(broken) == read_curve(tmp_path / "whole")
    assert (broken / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()
    assert not (broken / "training").exists()


def test_it_learns_and_keeps_the_best(corpus_file, tmp_path):
    card = train_model(make_plan(corpus_file, tmp_path / "m", tokens=60_000), board=LineBoard(sys.stderr))
    curve = read_curve(tmp_path / "m")
    held_out = [float(point["held_out_loss"]) for point in curve if point["held_out_loss"]]
    assert float(curve[0]["train_loss"]) > 5.5 > 4.5 > held_out[-1]
    assert card.held_out_loss == min(held_out)
    assert card.tokens_seen == int(curve[-1]["tokens"]) >= 60_000


def test_accumulated_batches_are_one_batch(corpus_file, tmp_path):
    at_once = train_model(make_plan(corpus_file, tmp_path / "a"), board=LineBoard(sys.stderr))
    parted_plan = make_plan(corpus_file, tmp_path / "b", micro_batch_tokens=64)
    parted = train_model(parted_plan, board=LineBoard(sys.stderr))
    assert parted.held_out_loss == pytest.approx(at_once.held_out_loss, abs=1e-4)


def test_a_finished_folder_is_left_alone(corpus_file, tmp_path, capsys):
    plan = make_plan(corpus_file, tmp_path / "m")
    first = train_model(plan, board=LineBoard(sys.stdout))
    written = (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns
    assert train_model(plan, board=LineBoard(sys.stdout)) == first
    assert "already trained" in capsys.readouterr().out
    assert (tmp_path / "m" / "model.safetensors").stat().st_mtime_ns == written
    with pytest.raises(TrainingRefusedError, match=r"other settings \(seed 1\)"):
        train_model(make_plan(corpus_file, tmp_path / "m", seed=2), board=LineBoard(sys.stdout))


def test_ctrl_c_keeps_the_state_and_other_settings_are_refused(corpus_file, tmp_path):
    def stop(report):
        if report.tokens >= 1024:
            raise KeyboardInterrupt

    plan = make_plan(corpus_file, tmp_path / "m")
    with pytest.raises(KeyboardInterrupt):
        train_model(plan, board=LineBoard(sys.stderr), on_step=stop)
    with pytest.raises(TrainingRefusedError, match="unfinished run with other settings"):
        train_model(make_plan(corpus_file, tmp_path / "m", tokens=5000), board=LineBoard(sys.stderr))
    assert train_model(plan, board=LineBoard(sys.stderr)).steps == 16


def test_the_command_line(corpus_file, tmp_path, capsys):
    out = tmp_path / "m"
    arguments = [*ARGUMENTS, "--corpus", str(corpus_file), "--tokens", "2000", "--attention", "dense", "--lr", "0.002"]
    assert main([*arguments, "--exclude", str(corpus_file), "--out", str(out)]) == 2
    assert "0 articles are left" in capsys.readouterr().err
    assert main([*arguments, "--out", str(out)]) == 0
    card = read_card(out)
    assert (card.spec.attention, card.spec.context, card.spec.peak_lr) == ("dense", 64, 0.002)
    gone = [
        *ARGUMENTS[:2],
        *ARGUMENTS[4:],
        "--corpus",
        str(corpus_file),
        "--tokenizer",
        "/no/such",
        "--out",
        str(out) + "2",
    ]
    assert main(gone) == 2
    assert "there is no tokenizer.json in /no/such" in capsys.readouterr().err
    again = [*gone[:-3], str(out), "--tokens", "1000", "--out", str(tmp_path / "again")]
    assert main(again) == 0
    assert (tmp_path / "again" / "tokenizer.json").read_bytes() == (out / "tokenizer.json").read_bytes()
    with pytest.raises(SystemExit):
        main(["--size", "huge", "--corpus", "x", "--out", "y"])
    assert "there is no size 'huge'" in capsys.readouterr().err


def test_patience_ends_a_run_that_learns_no_more(corpus_file, tmp_path):
    spec = make_spec(peak_lr=0.99)  # far too high: the loss soon rises
    plan = make_plan(corpus_file, tmp_path / "m", spec=spec, tokens=60_000, patience=1)
    card = train_model(plan, board=LineBoard(sys.stderr))
    losses = [float(point["held_out_loss"]) for point in read_curve(plan.out) if point["held_out_loss"]]
    assert card.tokens_seen < 60_000
    assert card.held_out_loss == min(losses) == losses[-2], "the best, and one without gain after it"


@pytest.mark.parametrize(("batch_tokens", "tokens"), [("512", "8000"), ("64", "1000")])
def test_two_processes_train_what_one_does(batch_tokens, tokens, corpus_file, tmp_path):
    """torchrun with gloo; gradients differ from one process's by rounding alone, also where one has no sequence."""
    arguments = [*ARGUMENTS, "--corpus", str(corpus_file), "--tokens", tokens, "--precision", "fp32"]
    arguments += ["--batch-tokens", batch_tokens, "--micro-batch-tokens", "128"]
    assert main([*arguments, "--out", str(tmp_path / "one")]) == 0
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "generator.train", *arguments, "--out", str(tmp_path / "two")]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    one, two = read_card(tmp_path / "one"), read_card(tmp_path / "two")
    assert (one.n_processes, two.n_processes) == (1, 2)
    assert two.steps == one.steps and two.tokens_seen == one.tokens_seen
    curves = [[float(point["train_loss"]) for point in read_curve(tmp_path / name)] for name in ("one", "two")]
    assert curves[1] == pytest.approx(curves[0], abs=2e-4)
    assert two.held_out_loss == pytest.approx(one.held_out_loss, abs=2e-4)


def test_compiled_and_in_half_precision_it_learns_the_same(corpus_file, tmp_path):
    eager = train_model(make_plan(corpus_file, tmp_path / "a", tokens=8000), board=LineBoard(sys.stderr))
    plan = make_plan(corpus_file, tmp_path / "b", tokens=8000, precision="bf16", compiling="on", recompute=True)
    card = train_model(plan, board=LineBoard(sys.stderr))
    assert (card.precision, card.is_compiled) == ("bf16", True)
    assert card.held_out_loss == pytest.approx(eager.held_out_loss, rel=0.02)


def test_a_step_reports_speed_and_time_left(corpus_file, tmp_path):
    reports = []
    train_model(make_plan(corpus_file, tmp_path / "m"), board=LineBoard(sys.stderr), on_step=reports.append)
    assert [report.step for report in reports] == list(range(1, 17)) and reports[-1].n_steps == 16
    assert reports[-1].seconds_left == 0 < reports[0].seconds_left
    assert reports[0].held_out_loss is None or reports[-1].held_out_loss < 6
    assert all(0 < report.flop_use < 1.5 and report.tokens_per_second > 0 for report in reports)
    assert (tmp_path / "m" / "loss.png").stat().st_size > 5000
