import pytest

from generator.objectives import OBJECTIVES, Objective, ObjectiveError
from measures.inequality import theil

EXTRA = {"taml-ge": {"alpha": 1.0}, "taml-atkinson": {"epsilon": 1.0}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "taml"}, "no objective 'taml'; choose from plain, maml"),
        ({"name": "taml-ge"}, "taml-ge needs a number --alpha"),
        ({"name": "taml-atkinson", "alpha": 2.0}, "takes no --alpha"),
        ({"name": "taml-atkinson"}, "needs a number --epsilon"),
        ({"name": "taml-atkinson", "epsilon": 0.0}, "must be above 0"),
        ({"name": "taml-gini", "n_tasks": 1}, "n_tasks must be a whole number, 2 or more"),
        ({"name": "maml", "shots": 0}, "shots must be a whole number, 1 or more"),
        ({"name": "maml", "inner_rate": 0.0}, "inner learning rate must be above 0"),
        ({"name": "maml", "strength": -1.0}, "0 or more"),
        ({"name": "maml", "is_maximising": True}, "no entropy to maximise"),
        ({"name": "maml", "task_field": "title"}, "told by section or source"),
        ({"name": "plain", "first_order": True}, "no first-order form"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_give(fields, message):
    with pytest.raises(ObjectiveError, match=message):
        Objective(**fields)


def test_each_objective_has_its_terms():
    found = {name: Objective(name, **EXTRA.get(name, {})) for name in OBJECTIVES}
    assert [name for name, objective in found.items() if objective.find_inequality()] == list(OBJECTIVES[3:])
    assert [name for name, objective in found.items() if objective.has_entropy] == ["taml-entropy"]
    assert [name for name, objective in found.items() if not objective.adapts] == ["plain"]
    assert found["taml-theil"].find_inequality() is theil
    assert (found["taml-entropy"].strength, found["taml-theil"].strength) == (0.1, 1.0)
    assert found["taml-ge"].describe() == "taml-ge, α 1, λ 1"
    assert Objective("taml-entropy", first_order=True, is_maximising=True, strength=0.5).describe() == (
        "taml-entropy, first-order, λ 0.5, at θ alone"
    )
