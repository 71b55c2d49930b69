"""Gradients of objectives against their formula, written out plainly and differentiated as a whole, in float64."""

import pytest
import torch
from torch.func import functional_call

from generator.loss import measure_prediction
from generator.meta_learning import MetaLearner, TaskTokens
from generator.model import GPT, differentiable_twice
from generator.objectives import Objective
from tests.generator.conftest import make_spec

M = 3


@pytest.fixture(scope="module")
def model():
    """One dense and one banded layer; sequences of 12 are longer than the band."""
    model = GPT(make_spec(d_model=8, vocab_size=19, context=12, band=4))
    model.initialise(seed=2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8 if parameter.dim() > 1 else 1)  # else all losses are ln 19, whatever is done
    return model.double()


@pytest.fixture(scope="module")
def tasks():
    rng = torch.Generator().manual_seed(1)
    drawn = [torch.randint(5 * number, 5 * number + 9, (2, 2, 13), generator=rng) for number in range(M)]
    return [TaskTokens(support, query) for support, query in drawn]


def predict(model, weights, tokens):
    states = functional_call(model, weights, (tokens[:, :-1],))
    return measure_prediction(states, weights["tokens.weight"], tokens[:, 1:])


def differentiate(value, weights, *, twice=False):
    return dict(
        zip(weights, torch.autograd.grad(value, weights.values(), create_graph=twice, retain_graph=True), strict=True)
    )


def adapt(model, objective, weights, tokens):
    for _ in range(objective.inner_steps):
        slope = differentiate(predict(model, weights, tokens)[0], weights, twice=not objective.first_order)
        weights = {name: weight - objective.inner_rate * slope[name] for name, weight in weights.items()}
    return weights


def state_objective(model, objective, tasks, weights):
    """PROTOCOL §5's formula."""
    terms, before = [], []
    for task in tasks:
        loss, entropy = predict(model, weights, task.support)
        late_loss, late_entropy = predict(model, adapt(model, objective, weights, task.support), task.query)
        before.append(loss)
        terms.append(late_loss)
        if objective.has_entropy:
            terms[-1] = terms[-1] - objective.strength * entropy
            if not objective.is_maximising:
                terms[-1] = terms[-1] + objective.strength * late_entropy
    total = sum(terms) / M
    inequality = objective.find_inequality()
    return total + objective.strength * inequality(torch.stack(before)) if inequality else total


def differentiate_formula(model, objective, tasks):
    weights = {name: weight.detach().requires_grad_() for name, weight in model.named_parameters()}
    with differentiable_twice():
        return differentiate(state_objective(model, objective, tasks, weights), weights)


@pytest.fixture(scope="module")
def maml_gradient(model, tasks):
    return differentiate_formula(model, Objective("maml", n_tasks=M, inner_rate=0.3), tasks)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "maml", "inner_steps": 2},
        {"name": "taml-entropy", "strength": 0.7},
        {"name": "taml-gini", "strength": 5.0},
        {"name": "maml", "first_order": True},
        {"name": "taml-entropy", "is_maximising": True, "first_order": True, "inner_steps": 2},
        {"name": "taml-ge", "alpha": 2.0, "strength": 30.0, "first_order": True},
    ],
    ids=lambda fields: " ".join(map(str, fields.values())),
)
def test_a_step_has_the_gradient_of_the_formula(model, tasks, maml_gradient, fields):
    objective = Objective(**fields, n_tasks=M, inner_rate=0.3)
    wanted = differentiate_formula(model, objective, tasks)
    model.zero_grad()
    loss = MetaLearner(model, objective).add_gradient(tasks, numbers=range(M), share=lambda tensor: None)
    assert 0 < loss < 50
    scale = max(float(part.abs().max()) for part in wanted.values())
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-4, atol=1e-5 * scale)
    apart = max(float((wanted[name] - maml_gradient[name]).abs().max()) for name in wanted)
    assert apart > 1e-3 * scale, "the term or the order makes a difference that the test can see"


def test_the_fused_kernel_would_not_do(model, tasks):
    """Why `differentiable_twice` is there; where this fails, torch can do without it."""
    weights, tokens = dict(model.named_parameters()), tasks[0].support
    states = functional_call(model.float(), weights, (tokens[:, :-1],))
    slope = torch.autograd.grad(states.square().sum(), weights["tokens.weight"], create_graph=True)[0]
    with pytest.raises(RuntimeError, match="not implemented"):
        slope.sum().backward()
    model.double()


def test_tasks_shared_among_processes_are_one_step(model, tasks):
    """Each process has its tasks; sums over processes give what one has, the slopes of the inequality included."""
    objective = Objective("taml-theil", strength=30.0, n_tasks=M, inner_rate=0.3)
    model.zero_grad()
    learner = MetaLearner(model, objective)
    whole = learner.add_gradient(tasks, numbers=range(M), share=lambda tensor: None)
    wanted = [parameter.grad.clone() for parameter in model.parameters()]
    told = []
    learner.add_gradient(tasks[:1], numbers=[0], share=told.append)
    learner.add_gradient(tasks[1:], numbers=[1, 2], share=told.append)
    totals = [told[0] + told[2], told[1] + told[3]]
    model.zero_grad()
    for numbers in ([0], [1, 2]):
        answers = iter(totals)
        share = lambda tensor, answers=answers: tensor.data.copy_(next(answers).detach())  # noqa: E731
        loss = learner.add_gradient([tasks[number] for number in numbers], numbers=numbers, share=share)
        assert loss == pytest.approx(whole)
    for parameter, part in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, part)


def test_adaptation_lowers_the_loss_it_adapts_to(model, tasks):
    learner = MetaLearner(model, Objective("maml", n_tasks=M, inner_rate=0.05, inner_steps=3))
    before = [weight.clone() for weight in model.parameters()]
    for task in tasks:
        assert learner.sum_loss(task.support, weights=learner.adapt(task.support)) < learner.sum_loss(task.support)
    assert all(map(torch.equal, before, model.parameters())), "the model itself stays as it was"
