from hypothesis import given
from hypothesis import strategies as st

from studyapp.domain.candidate_choice import CandidateLength, Choice, choose_candidate

lengths = st.lists(st.integers(0, 2000), min_size=1, max_size=20)


@given(human=st.integers(0, 2000), words=lengths)
def test_no_candidate_is_closer_than_the_chosen_one(human, words):
    candidates = [CandidateLength(index, n) for index, n in enumerate(words)]
    choice = choose_candidate(human_words=human, candidates=candidates)
    assert choice is not None
    assert words[choice.index] - human == choice.difference
    assert abs(choice.difference) == min(abs(n - human) for n in words)
    assert choice.index == min(i for i, n in enumerate(words) if abs(n - human) == abs(choice.difference))


@given(human=st.integers(0, 2000), words=lengths, seed=st.randoms())
def test_the_choice_hangs_on_words_and_index_alone_not_on_the_order_given(human, words, seed):
    candidates = [CandidateLength(index, n) for index, n in enumerate(words)]
    shuffled = list(candidates)
    seed.shuffle(shuffled)
    chosen = choose_candidate(human_words=human, candidates=candidates)
    assert choose_candidate(human_words=human, candidates=shuffled) == chosen


def test_a_tie_goes_to_the_lower_index():
    candidates = [CandidateLength(0, 230), CandidateLength(1, 210), CandidateLength(2, 190)]
    assert choose_candidate(human_words=200, candidates=candidates) == Choice(index=1, difference=10)


def test_without_candidates_there_is_no_choice():
    assert choose_candidate(human_words=200, candidates=[]) is None
