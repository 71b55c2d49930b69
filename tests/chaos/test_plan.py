from collections import Counter

from chaos.plan import WEIGHTS, Fault, plan_faults


def test_every_kind_comes_in_an_order_that_the_seed_decides():
    faults = plan_faults(200, seed=1)
    assert faults == plan_faults(200, seed=1) != plan_faults(200, seed=2)
    assert len(faults) == 200
    assert set(faults) == set(Fault) == set(WEIGHTS)
    counts = Counter(faults)
    assert counts[Fault.ANSWER_CUT] > counts[Fault.DISK]


def test_a_kind_that_this_machine_cannot_do_is_left_out():
    assert Fault.DISK not in plan_faults(200, seed=1, without=[Fault.DISK])
    assert len(plan_faults(3, seed=1)) == 3
