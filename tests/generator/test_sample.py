import json

from generator.sample import derive_seed, main
from tests.generator.conftest import make_articles, write_jsonl


def run(checkpoints, tmp_path, *more, name="out.jsonl"):
    articles = write_jsonl(tmp_path / "articles.jsonl", make_articles(6, seed=9, words=40))
    out = tmp_path / name
    arguments = ["--model", str(checkpoints["alternating"]), "--articles", str(articles), "--out", str(out)]
    code = main([*arguments, "--device", "cpu", *more])
    return code, [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def test_candidates_for_each_article_but_the_context(checkpoints, tmp_path, capsys):
    code, rows = run(checkpoints, tmp_path, "--context-ids", "a3,a1", "--candidates", "2", "--seed", "4")
    assert code == 0 and "4 articles" in capsys.readouterr().out
    assert [(row["id"], row["candidate"]) for row in rows] == [
        (ref, n) for ref in ("a0", "a2", "a4", "a5") for n in (0, 1)
    ]
    assert [row["seed"] for row in rows] == [derive_seed(4, ref=row["id"], index=row["candidate"]) for row in rows]
    assert all(row["words"] == len(row["text"].split()) and row["model"] == "alternating" for row in rows)
    _, again = run(checkpoints, tmp_path, "--context-ids", "a3,a1", "--candidates", "1", "--seed", "4", name="b.jsonl")
    assert [row["text"] for row in again] == [row["text"] for row in rows[::2]]


def test_limit_and_unconditional(checkpoints, tmp_path):
    code, rows = run(
        checkpoints, tmp_path, "--limit", "2", "--unconditional", "--candidates", "1", "--max-tokens", "20"
    )
    assert code == 0
    assert [row["id"] for row in rows] == ["a0", "a1"]
    assert all(row["n_tokens"] <= 20 for row in rows)
    assert len({row["prompt_sha256"] for row in rows}) == 1


def test_errors_are_one_line(checkpoints, tmp_path, capsys):
    assert run(checkpoints, tmp_path, "--context-ids", "a9")[0] == 2
    assert run(checkpoints, tmp_path, "--top-p", "3")[0] == 2
    assert run({"alternating": tmp_path}, tmp_path)[0] == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert "no article has the id a9" in errors[0] and "top_p" in errors[1] and "config.json" in errors[2]
