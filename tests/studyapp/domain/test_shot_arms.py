"""Arms crossed with numbers of context articles."""

from studyapp.domain.shot_arms import cross_shots


def test_a_list_of_numbers_makes_an_arm_of_each():
    entries = [
        {"name": "control", "control": True},
        {"name": "small", "generator": "checkpoint:small", "shots": [0, 4], "context_choice": "random"},
        {"name": "large", "label": "Large", "shots": 2},
    ]
    crossed = cross_shots(entries, origins=[0, 3, 4])
    assert not crossed.faults and crossed.origins == [0, 3, 3, 4]
    assert crossed.arms[0] is entries[0] and crossed.arms[3] is entries[2]
    shared = {"generator": "checkpoint:small", "context_choice": "random"}
    assert crossed.arms[1:3] == [
        {"name": "small-k0", "label": "small, K = 0", "shots": 0, **shared},
        {"name": "small-k4", "label": "small, K = 4", "shots": 4, **shared},
    ]


def test_what_cannot_be_crossed_names_its_entry():
    entries = [
        {"name": "a", "shots": []},
        {"name": "b", "shots": [1, 1]},
        {"name": "c", "shots": [0, 1], "control": True},
    ]
    faults = cross_shots(entries, origins=[0, 1, 2]).faults
    assert [fault.partition(":")[0] for fault in faults] == [f"[[arms]] {n} shots" for n in (1, 2, 3)]
