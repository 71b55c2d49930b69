"""The mixed model against lme4 (R 4.2.2, lme4 1.1-31, tolPwrss 1e-13), against its definition, and in its edges."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.mixed import fit, fit_nested
from analysis.mixed_formula import FormulaError, build_design
from analysis.mixed_laplace import Laplace, project_information
from analysis.mixed_links import log_probability
from analysis.mixed_result import MixedFit, NoFitError, compare_variance

FORMULA = "said_machine ~ x * arm + (1 + x | participant) + (1 | title) + (1 | item)"
# herd, incidence, size, period: contagious bovine pleuropneumonia (Lesnoff et al. 2004), as lme4 has it
CBPP = (
    "1 2 14 1,1 3 12 2,1 4 9 3,1 0 5 4,2 3 22 1,2 1 18 2,2 1 21 3,3 8 22 1,3 2 16 2,3 0 16 3,3 2 20 4,"
    "4 2 10 1,4 0 10 2,4 2 9 3,4 0 6 4,5 5 18 1,5 0 25 2,5 0 24 3,5 1 4 4,6 3 17 1,6 0 17 2,6 0 18 3,"
    "6 1 20 4,7 8 16 1,7 1 10 2,7 3 9 3,7 0 5 4,8 12 34 1,9 2 9 1,9 0 6 2,9 0 8 3,9 0 6 4,10 1 22 1,"
    "10 1 22 2,10 0 18 3,10 2 22 4,11 0 25 1,11 5 27 2,11 3 22 3,11 1 22 4,12 2 10 1,12 1 8 2,12 0 6 3,"
    "12 0 5 4,13 1 21 1,13 2 24 2,13 0 19 3,13 0 23 4,14 11 19 1,14 0 2 2,14 0 3 3,14 0 2 4,15 1 19 1,"
    "15 1 15 2,15 1 15 3,15 0 15 4,"
)


def make_study(*, people: int = 60, titles: int = 16, item_sd: float = 0.4) -> pl.DataFrame:
    """Three arms of people who read every title once, human or model by turns; what lme4 was given."""
    rng = np.random.default_rng(11)
    participant = np.repeat(np.arange(people), titles)
    title = np.tile(np.arange(titles), people)
    arm = participant % 3
    x = np.where((title + participant // 3) % 2 == 0, 0.5, -0.5)
    item = np.where(x > 0, titles * (1 + arm) + title, title)
    eta = -0.2 + np.array([1.6, 0.9, 0.3])[arm] * x + 0.5 * rng.normal(size=people)[participant]
    eta = eta + 0.6 * rng.normal(size=people)[participant] * x + 0.3 * rng.normal(size=titles)[title]
    eta = eta + item_sd * rng.normal(size=4 * titles)[item]
    says = (eta + rng.normal(size=people * titles) > 0).astype(float)
    columns = {"said_machine": says, "x": x, "participant": participant, "title": title, "item": item}
    return pl.DataFrame(columns).with_columns(arm=pl.Series([f"m{number}" for number in arm]))


@pytest.fixture(scope="module")
def study() -> pl.DataFrame:
    return make_study()


@pytest.fixture(scope="module")
def probit(study) -> MixedFit:
    return fit(FORMULA, study, link="probit")


def test_probit_with_slopes_is_what_lme4_finds(probit):
    assert probit.names == ("(Intercept)", "x", "armm1", "armm2", "x:armm1", "x:armm2")
    expected = [-0.148531567588677, 1.987376620177763, -0.127841136294164, -0.241865570279109]
    expected += [-0.749048451096161, -1.589380421840621]
    assert probit.coefficients == pytest.approx(expected, abs=5e-6)
    errors = [0.157120784856470, 0.274040545411049, 0.194772460899490, 0.194286166071237]
    errors += [0.331245426175719, 0.331000330680122]
    assert probit.standard_errors == pytest.approx(errors, rel=3e-4)
    theta = [0.408290591928697, 0.330066451010020, 0.359809916307869, 0.139930063973344, 0.437507698472849]
    assert probit.theta == pytest.approx(theta, abs=5e-6)
    assert -2 * probit.log_likelihood == pytest.approx(2 * 536.704568438403, abs=1e-5)
    assert probit.modes_of("item").values[:3, 0] == pytest.approx(
        [0.345342890746311, 0.158198889184894, 0.284000168707388], abs=5e-6
    )
    assert probit.modes_of("participant").values[0] == pytest.approx([0.101192893951580, 0.182213287453767], abs=5e-6)
    assert probit.diagnostics.converged
    assert probit.diagnostics.boundary == ()


def test_restricted_variances_are_where_the_restricted_likelihood_is_least(study, probit):
    """-2l_R over the standard deviations, each moved both ways from the one Newton step, b refitted at each."""
    design = build_design(FORMULA, study)
    objective = Laplace(design.y, design.fixed, design.random, link="probit")
    part = {component.group: component.covariance for component in probit.restricted.components}
    own = np.linalg.cholesky(part["participant"])
    theta = np.array([own[0, 0], own[1, 0], own[1, 1], part["title"][0, 0] ** 0.5, part["item"][0, 0] ** 0.5])

    def lose(theta):
        beta = probit.coefficients.copy()
        for _ in range(4):
            value = objective.evaluate(beta, theta)
            information = project_information(objective, value)
            beta = beta - np.linalg.solve(information, value.gradient[: len(beta)] / 2)
        value = objective.evaluate(beta, theta)
        return value.deviance + np.linalg.slogdet(project_information(objective, value))[1]

    best = lose(theta)
    assert best < lose(probit.theta) - 0.01
    for place in (0, 2, 4):
        moved = np.zeros(5)
        moved[place] = 0.03
        assert best < min(lose(theta + moved), lose(theta - moved))


def test_restricted_variances_are_larger_and_leave_the_coefficients_alone(study, probit):
    for ours, restricted in zip(probit.components, probit.restricted.components, strict=True):
        assert np.all(np.array(restricted.sd) > np.array(ours.sd))
    gained = np.sqrt(np.diag(probit.restricted.covariance)) / probit.standard_errors
    assert gained.min() > 1.0
    assert gained.max() < 1.2
    assert fit(FORMULA, study, give="errors").restricted is None


def test_logit_with_slopes_is_what_lme4_finds(study):
    found = fit(FORMULA, study, link="logit")
    expected = [-0.265099264850683, 3.303773458137430, -0.196999522762019, -0.377546539006916]
    expected += [-1.245931159116004, -2.656837879744112]
    assert found.coefficients == pytest.approx(expected, abs=1e-5)
    assert found.log_likelihood == pytest.approx(-536.595870500714, abs=1e-5)
    errors = [0.267245598028502, 0.470667805339817, 0.329699106446926, 0.328472416852107]
    assert found.standard_errors[:4] == pytest.approx(errors, rel=3e-4)


def test_the_published_example_of_successes_out_of_trials():
    """lme4's own default stops early here; these are the true optimum's figures."""
    rows = [[int(cell) for cell in row.split()] for row in CBPP.strip(",").split(",")]
    frame = pl.DataFrame(rows, schema=["herd", "incidence", "size", "period"], orient="row")
    found = fit(
        "incidence ~ period + (1 | herd)",
        frame.with_columns(pl.col("period").cast(pl.String)),
        link="logit",
        trials="size",
    )
    expected = [-1.39853213231258, -0.992332746267104, -1.12867216269899, -1.58031389842917]
    assert found.coefficients == pytest.approx(expected, abs=5e-7)
    assert found.standard_errors == pytest.approx([0.232471844, 0.306642197, 0.326637506, 0.427435916], abs=5e-6)
    assert found.theta == pytest.approx([0.642261426343518], abs=5e-7)
    assert found.log_likelihood == pytest.approx(-92.0262818714972, abs=1e-7)


@pytest.mark.parametrize("link", ["probit", "logit"])
def test_the_gradient_is_that_of_the_objective(study, link):
    design = build_design(FORMULA, study)
    objective = Laplace(design.y, design.fixed, design.random, link=link)
    point = np.array([0.1, 1.4, 0.2, -0.3, -0.5, -0.9, 0.5, 0.1, 0.3, 0.4, 0.5])
    gradient = objective.evaluate(point[:6], point[6:]).gradient
    for position in range(len(point)):
        ends = []
        for sign in (1, -1):
            moved = point.copy()
            moved[position] += sign * 1e-5
            ends.append(objective.evaluate(moved[:6], moved[6:]).deviance)
        assert gradient[position] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=2e-3)


def test_the_objective_is_its_definition(study):
    """The same formula with the whole of H in one dense matrix, at the mode that the blocks found."""
    design = build_design(FORMULA, study)
    objective = Laplace(design.y, design.fixed, design.random, link="logit")
    beta, theta = np.array([0.1, 1.4, 0.2, -0.3, -0.5, -0.9]), np.array([0.5, 0.1, 0.3, 0.4, 0.5])
    found = objective.evaluate(beta, theta)
    pieces, modes = [], []
    for number, (part, factor) in enumerate(zip(design.random, objective.unfold(theta), strict=True)):
        wide = np.zeros((study.height, len(part.levels), len(part.names)))
        wide[np.arange(study.height), part.index] = part.columns @ factor
        pieces.append(wide.reshape(study.height, -1))
        modes.append(objective.structure.part_values(found.mode, number).ravel())
    z, u = np.hstack(pieces), np.concatenate(modes)
    eta = design.x @ beta + z @ u
    mean = 1 / (1 + np.exp(-eta))
    assert z.T @ (design.y - mean) == pytest.approx(u, abs=1e-6)  # it is the mode
    h = z.T @ (z * (mean * (1 - mean))[:, None]) + np.eye(z.shape[1])
    log_p = log_probability("logit", eta, design.y, np.ones(len(eta))).sum()
    assert found.deviance == pytest.approx(-2 * log_p + u @ u + np.linalg.slogdet(h)[1], abs=1e-7)


def test_variances_of_the_modes_are_those_of_the_whole_inverse(study, probit):
    design = build_design(FORMULA, study)
    objective = Laplace(design.y, design.fixed, design.random, link="probit")
    value = objective.evaluate(probit.coefficients, probit.theta)
    pieces = []
    for part, factor in zip(design.random, objective.unfold(probit.theta), strict=True):
        wide = np.zeros((study.height, len(part.levels), len(part.names)))
        wide[np.arange(study.height), part.index] = part.columns @ factor
        pieces.append(wide.reshape(study.height, -1))
    z = np.hstack(pieces)
    eta = np.empty(study.height)
    eta[objective.structure.order] = value.eta
    weights = stats.norm.pdf(eta) ** 2 / (stats.norm.cdf(eta) * stats.norm.sf(eta))
    inverse = np.linalg.inv(z.T @ (z * weights[:, None]) + np.eye(z.shape[1]))
    participants = len(design.random[0].levels)
    triangle = objective.unfold(probit.theta)[0]
    first = triangle @ inverse[:2, :2] @ triangle.T
    assert probit.modes_of("participant").sd[0] == pytest.approx(np.sqrt(np.diag(first)), rel=1e-6)
    titles = np.diag(inverse)[2 * participants : 2 * participants + 16]
    assert probit.modes_of("title").sd[:, 0] == pytest.approx(np.sqrt(titles) * probit.theta[3], rel=1e-6)


def test_the_order_of_rows_and_the_names_of_things_change_nothing(study, probit):
    renamed = study.sample(fraction=1, shuffle=True, seed=5).with_columns(
        participant=pl.col("participant").map_elements(lambda number: f"p{(number * 37) % 61}", return_dtype=pl.String)
    )
    found = fit(FORMULA, renamed, link="probit", give="errors")
    assert found.coefficients == pytest.approx(probit.coefficients, abs=1e-6)
    assert found.log_likelihood == pytest.approx(probit.log_likelihood, abs=1e-7)


def test_turning_the_question_round_turns_the_signs(study, probit):
    found = fit(FORMULA, study.with_columns(said_machine=1 - pl.col("said_machine")), link="probit", give="errors")
    assert found.coefficients == pytest.approx(-probit.coefficients, abs=1e-6)
    assert found.standard_errors == pytest.approx(probit.standard_errors, rel=1e-5)


def test_a_variance_of_nought_is_an_answer():
    frame = make_study(people=30, titles=12).with_columns(group=pl.int_range(0, 360) % 7)
    found = fit("said_machine ~ x + (1 | participant) + (1 | group)", frame)
    assert found.diagnostics.boundary == ("(Intercept) | group",)
    without = fit("said_machine ~ x + (1 | participant)", frame)
    assert found.coefficients == pytest.approx(without.coefficients, abs=1e-5)
    assert found.standard_errors == pytest.approx(without.standard_errors, rel=1e-3)
    assert compare_variance(found, without) == pytest.approx((0, 1), abs=1e-6)


def test_a_variance_that_is_there_is_found(study, probit):
    without = fit("said_machine ~ x * arm + (1 + x | participant) + (1 | title)", study, give="errors")
    ratio, p = compare_variance(probit, without)
    assert ratio > 10
    assert p == pytest.approx(stats.chi2.sf(ratio, 1) / 2)


def test_an_arm_that_is_all_right_is_told_as_such():
    frame = make_study(people=30, titles=12).with_columns(
        said_machine=pl.when(pl.col("arm") == "m0").then((pl.col("x") > 0).cast(pl.Float64)).otherwise("said_machine")
    )
    found = fit("said_machine ~ x * arm + (1 | participant)", frame, give="errors")
    assert found.diagnostics.separated


def test_columns_that_follow_from_others_are_left_out_and_named(study):
    frame = study.with_columns(twice=2 * pl.col("x"))
    found = fit("said_machine ~ x + twice + (1 | participant)", frame, give="errors")
    assert found.names == ("(Intercept)", "x")
    assert found.diagnostics.dropped == ("twice",)


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        ("said_machine x", "needs '~'"),
        ("said_machine ~ y + (1 | participant)", "no column 'y'"),
        ("said_machine ~ x + (1 | nobody)", "no column 'nobody'"),
        ("said_machine ~ x + log(x) + (1 | item)", "a random term is written as"),
        ("said_machine ~ x^2 + (1 | item)", "not the name of a column"),
    ],
)
def test_a_formula_that_cannot_be_read_says_why(study, formula, fault):
    with pytest.raises(FormulaError, match=fault.replace("(", r"\(").replace("^", r"\^")):
        fit(formula, study)


def test_what_cannot_be_fitted_says_why(study):
    with pytest.raises(NoFitError, match="every answer is the same"):
        fit("said_machine ~ x + (1 | item)", study.with_columns(said_machine=pl.lit(1.0)))
    with pytest.raises(NoFitError, match="has one level"):
        fit("said_machine ~ x + (1 | arm)", study.filter(pl.col("arm") == "m1"))
    with pytest.raises(NoFitError, match="needs a random term"):
        fit("said_machine ~ x", study)


def test_a_formula_means_what_r_means_by_it(study):
    design = build_design("said_machine ~ 0 + arm:x + (1 + x || participant)", study)
    assert design.names == ("armm1:x", "armm2:x")
    assert [part.names for part in design.random] == [("(Intercept)",), ("x",)]
    assert build_design("said_machine ~ arm + (1 | item)", study, levels={"arm": ["m2", "m0", "m1"]}).names == (
        "(Intercept)",
        "armm0",
        "armm1",
    )


def test_the_ways_of_many_rows_find_the_same(study, probit, monkeypatch):
    monkeypatch.setattr("analysis.mixed_search.MANY", 1)
    monkeypatch.setattr("analysis.mixed.MANY", 1)
    monkeypatch.setattr("analysis.mixed_start.ENOUGH", 300)
    monkeypatch.setattr("analysis.mixed_threads.WORTH_ROWS", 1)
    monkeypatch.setattr("analysis.mixed_laplace.PIECE", 100)
    monkeypatch.setattr("analysis.mixed_structure.CHUNK", 2_000)
    found = fit(FORMULA, study)
    assert found.coefficients == pytest.approx(probit.coefficients, abs=1e-6)
    assert found.theta == pytest.approx(probit.theta, abs=1e-6)
    assert found.log_likelihood == pytest.approx(probit.log_likelihood, abs=1e-7)
    assert found.standard_errors == pytest.approx(probit.standard_errors, rel=3e-3)  # of few rows; of 179,000, 9e-6
    assert found.modes_of("participant").sd == pytest.approx(probit.modes_of("participant").sd, rel=1e-5)


def test_the_maximum_alone_is_that_of_the_whole_fit(study, probit):
    alone = fit(FORMULA, study, give="maximum")
    assert alone.diagnostics.converged and alone.restricted is None and not alone.modes
    assert alone.log_likelihood == pytest.approx(probit.log_likelihood, abs=1e-6)


def test_a_nested_model_begun_at_the_full_one_ends_where_it_does_alone(study):
    random = "(1 | participant) + (1 | title) + (1 | item)"
    full = fit(f"said_machine ~ x * arm + {random}", study, link="logit", give="maximum")
    nested = fit_nested(f"said_machine ~ x + {random}", study, full=full)
    alone = fit(f"said_machine ~ x + {random}", study, link="logit", give="maximum")
    assert nested.log_likelihood == pytest.approx(alone.log_likelihood, abs=1e-7)
    assert nested.theta == pytest.approx(alone.theta, abs=1e-4)
    assert nested.diagnostics.converged
