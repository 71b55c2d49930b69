import pytest
from django.contrib.auth.models import User

from studyapp.actions.launch import review_readiness
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.review import (
    ReviewRefusedError,
    flag_item,
    hash_texts,
    record_look,
    review_items,
    take_item_out,
    unflag_item,
)
from studyapp.actions.selection import reject_candidate, select_stimuli
from studyapp.actions.study import describe_study, load_study
from studyapp.models import Article, AuditEntry, Candidate, GenerationJob, ItemFlag, ItemLook, Stimulus, Study
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = make_draft(n_items=3)
    finish_jobs(study)
    select_stimuli(study)
    return study


@pytest.fixture
def anna():
    return User.objects.create_user("anna")


def test_a_look_is_kept_once_with_who_looked(study, anna):
    item = study.items.first()
    for _ in range(2):
        record_look(item, texts_sha256=hash_texts(item), by=anna, now=NOW)
    record_look(item, texts_sha256=hash_texts(item), by=User.objects.create_user("ben"), now=NOW)
    assert [review.looked_by for review in review_items(study)] == [("anna", "ben"), (), ()]
    anna.delete()
    assert review_items(study)[0].looked_by == ("anna", "ben")  # the account is gone, who looked is not


def test_other_texts_have_to_be_looked_at_anew(study, anna):
    item = study.items.first()
    before = hash_texts(item)
    record_look(item, texts_sha256=before, by=anna, now=NOW)
    chosen = item.stimuli.exclude(arm=None).first().candidate
    reject_candidate(chosen, reason="it is in verse", by=anna, now=NOW)
    assert not review_items(study)[0].is_seen
    with pytest.raises(ReviewRefusedError, match="have changed"):
        record_look(item, texts_sha256=before, by=anna, now=NOW)


def test_nothing_to_look_at_is_no_look(anna):
    item = make_draft(n_items=2).items.first()
    with pytest.raises(ReviewRefusedError, match="nothing to look at"):
        record_look(item, texts_sha256=hash_texts(item), by=anna, now=NOW)
    assert not ItemLook.objects.exists()


def test_flags_and_missing_texts_are_seen(study, anna):
    first, second, third = study.items.all()
    Candidate.objects.filter(stimulus__item=first, stimulus__arm__name="small").update(flags=["unfinished"])
    Stimulus.objects.filter(item=second, arm__name="large").delete()
    flag_item(third, reason="the town is real", by=anna, now=NOW)
    reviews = review_items(study)
    assert [review.has_flags for review in reviews] == [True, False, True]
    assert [review.lacks_text for review in reviews] == [False, True, False]
    assert any("1 item flagged" in finding.message for finding in review_readiness(study))
    unflag_item(third)
    unflag_item(third)
    assert not ItemFlag.objects.exists()
    acts = AuditEntry.objects.filter(act__endswith="flagged_item").order_by("id").values_list("act", "reason")
    assert list(acts) == [("flagged_item", "the town is real"), ("unflagged_item", "")]


def test_an_item_taken_out_takes_its_texts_and_the_forms_with_it_and_leaves_the_article(study):
    make_quiz_forms(study)
    gone = study.items.first()
    assert take_item_out(gone, reason="a correction was printed") == 6
    assert study.items.count() == 2
    assert (GenerationJob.objects.count(), Candidate.objects.count(), Stimulus.objects.count()) == (6, 12, 8)
    assert not study.quiz_forms.exists()
    assert Article.objects.filter(ref=gone.article.ref).exists()
    entry = AuditEntry.objects.get(act="took_item_out")
    assert (entry.reason, entry.detail) == ("a correction was printed", {"item": gone.article.ref, "texts": 6})
    design = describe_study(study)
    assert gone.article.ref not in design.articles.items
    assert load_study(design) == (study, False)
    assert make_quiz_forms(study)[0].entries.count() == 2


def test_nothing_is_flagged_or_taken_out_without_a_reason_or_taken_out_after_launch():
    item = make_launched().items.first()
    with pytest.raises(ReviewRefusedError, match="Say why"):
        flag_item(item, reason=" ", by=None, now=NOW)
    with pytest.raises(ReviewRefusedError, match="Say why"):
        take_item_out(item, reason="")
    with pytest.raises(ReviewRefusedError, match="frozen"):
        take_item_out(item, reason="late")
    flag_item(item, reason="late, but to be known", by=None, now=NOW)  # changes nothing that is shown
    assert Study.objects.get().items.count() == 4
