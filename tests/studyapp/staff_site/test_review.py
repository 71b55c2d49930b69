"""The review page: what a reviewer sees of each version, filters, looks, flags, and taking an item out."""

import pytest
from django.urls import reverse

from studyapp.actions.selection import select_stimuli
from studyapp.models import Candidate, Item, ItemFlag, ItemLook, Stimulus
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft

pytestmark = pytest.mark.django_db
ADDRESS = "/staff/studies/pilot/review/"
MEASURES = {
    "length_ratio": 0.97, "repeated_share": 0.02, "human_run": 9, "human_share": 0.1, "context_run": 3,
    "context_share": 0.0, "training_run": 12, "training_share": 0.05, "language": "en", "language_confidence": 0.99,
}  # fmt: skip


@pytest.fixture
def study():
    study = make_draft(n_items=3, slug="pilot")
    finish_jobs(study)
    select_stimuli(study)
    return study


def look(client, number=1, **query):
    return client.get(ADDRESS, {"item": number, **query}).content.decode()


def post(client, do, *, number=1, **fields):
    return client.post(f"{ADDRESS}?item={number}", {"do": do, **fields})


def test_the_address_is_that_of_the_page():
    assert reverse("staff:study_review", args=["pilot"]) == ADDRESS


def test_lengths_overlap_flags_and_runs_are_told(admin_client, study):
    item = study.items.first()
    human = Stimulus.objects.get(item=item, arm=None)
    stimulus = Stimulus.objects.get(item=item, arm__name="small")
    copied = " ".join(human.text.split()[3:14])
    Stimulus.objects.filter(pk=stimulus.pk).update(text=f"Yesterday {copied} <b>today</b>.", words=72)
    Candidate.objects.filter(pk=stimulus.candidate_id).update(flags=["unfinished"], measures=MEASURES)
    shown = look(admin_client)
    assert "72 words, as shown: +12 (+20 %) to the human article" in shown
    assert f"<mark>{copied}</mark> &lt;b&gt;today" in shown
    assert "44 words in runs of 8 and more" in shown  # pilot-story1-word-3 is four words
    assert (
        ">ends in the middle of a sentence<" in shown
        and "9 words in a row, 10 % of its 8-grams" in shown
        and "12 words in a row" in shown
    )


def test_looking_is_kept_goes_on_to_the_next_and_is_counted(admin_client, study):
    assert "0 of 3 looked at" in look(admin_client)
    for number, following in ((1, 2), (2, 3), (3, 3)):
        item = study.items.all()[number - 1]
        shown = look(admin_client, number)
        texts = shown.partition('name="texts" value="')[2].partition('"')[0]
        assert post(admin_client, "looked", number=number, id=item.pk, texts=texts).url.startswith(
            f"{ADDRESS}?item={following}"
        )
    assert ItemLook.objects.count() == 3
    shown = look(admin_client)
    assert "3 of 3 looked at" in shown and "Looked at by admin" in shown


def test_a_look_at_other_texts_than_those_on_the_page_is_none(admin_client, study):
    item = study.items.first()
    answer = admin_client.post(ADDRESS, {"do": "looked", "id": item.pk, "texts": "0" * 64}, follow=True)
    assert "have changed since" in answer.content.decode()
    answer = admin_client.post(f"{ADDRESS}?item=2", {"do": "flag", "id": item.pk, "reason": "x"}, follow=True)
    assert "items have changed" in answer.content.decode()
    assert not ItemLook.objects.exists() and not ItemFlag.objects.exists()


def test_filters_let_through_what_they_say_and_the_pager_stays_within(admin_client, study):
    first, second, third = study.items.all()
    Candidate.objects.filter(stimulus__item__in=[first, third]).update(flags=["unfinished"])
    Stimulus.objects.filter(item=second, arm__name="large").delete()
    shown = admin_client.get(ADDRESS, {"show": "flags"}).content.decode()
    assert "only items with flags (2)" in shown and first.article.title in shown
    assert f'href="?item={3}&amp;show=flags" rel="next"' in shown and 'rel="prev"' not in shown
    shown = admin_client.get(ADDRESS, {"show": "without"}).content.decode()
    assert second.article.title in shown and 'rel="next"' not in shown
    assert "No text chosen" in shown
    assert admin_client.get(ADDRESS, {"show": "nothing"}).status_code == 404
    Candidate.objects.update(flags=[])
    assert "No item is let through" in admin_client.get(ADDRESS, {"show": "flags"}).content.decode()


def test_a_rejection_takes_a_reason_of_the_list_and_words(admin_client, study):
    stimulus = Stimulus.objects.get(item=study.items.first(), arm__name="small")
    post(admin_client, "reject", candidate=stimulus.candidate_id, because="other", reason="")
    assert not Candidate.objects.exclude(rejected_reason="").exists()
    post(admin_client, "reject", candidate=stimulus.candidate_id, because="harm", reason="names the mayor")
    kept = Candidate.objects.get(pk=stimulus.candidate_id)
    assert kept.rejected_reason == "could harm a real person: names the mayor"
    assert kept.rejected_by.username == "admin" and kept.rejected_at > NOW
    assert Stimulus.objects.get(item=study.items.first(), arm__name="small").candidate_id != kept.pk


def test_an_item_is_flagged_unflagged_and_taken_out(admin_client, study):
    item = study.items.first()
    post(admin_client, "flag", id=item.pk, because="article", reason="retracted")
    assert "Flagged: the article itself cannot be used: retracted (admin)" in look(admin_client)
    post(admin_client, "unflag", id=item.pk)
    assert not ItemFlag.objects.exists()
    post(admin_client, "out", id=item.pk, reason="")
    assert Item.objects.count() == 3
    post(admin_client, "out", id=item.pk, because="article")
    assert Item.objects.count() == 2
    assert "Item 1 of 2" in look(admin_client)


def test_the_page_asks_as_much_of_the_database_for_many_items_as_for_few(admin_client, django_assert_max_num_queries):
    for slug, n_items in (("few", 2), ("many", 12)):
        draft = make_draft(n_items=n_items, slug=slug)
        finish_jobs(draft)
        select_stimuli(draft)
        with django_assert_max_num_queries(25):
            admin_client.get(reverse("staff:study_review", args=[slug]))


def test_what_was_levelled_and_cut_is_told(admin_client, study):
    article = study.items.first().article
    article.body = f"BERLIN (Reuters) — “The {article.body}”"
    article.save()
    select_stimuli(study)
    shown = look(admin_client)
    assert "Levelled: quotes, dashes, datelines; left out: “BERLIN (Reuters) -”" in shown
    assert shown.count("Levelled:") == 1
