"""Model weights against NumPy the long way, and against what the first ImageNomer shows of the same files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imagenomer.analyses import load_analyses
from imagenomer.analyses.contract import read_params
from imagenomer.analyses.models.model_weights import ANALYSIS
from imagenomer.analyses.shared.strongest_edges import strongest
from imagenomer.cohort import ModelWeights
from imagenomer.errors import InputError
from imagenomer.figures.theme import render
from imagenomer.load import load
from imagenomer.progress import finish

RIDGE = "Fibromyalgia_Impact_Score/Ridge0"


def weigh(cohort, **given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    return ANALYSIS.report(cohort, params, result)


def view(report, name):
    (found,) = [one for one in report.views if one.name == name]
    return found


@pytest.fixture(scope="module")
def fibromyalgia(shared_data):
    return load(str(shared_data / "fibromyalgia"))


# --- the order ---------------------------------------------------------------------------------------


def test_exactly_as_many_are_listed_as_were_asked_for_if_there_are_as_many():
    values = np.array([0.5, -3, np.nan, 2, 0, -1, 2])
    assert strongest(values, 3).tolist() == [1, 3, 6]
    assert strongest(values, 2, "positive").tolist() == [3, 6]
    assert strongest(values, 9, "positive").tolist() == [3, 6, 0]
    assert strongest(values, 9, "negative").tolist() == [1, 5]
    assert strongest(values, 99).size == 5


# --- weights of models made here ------------------------------------------------------------------


def test_weights_of_a_prediction_come_from_the_tray(cohort):
    params = {"phenotype": "age", "task": "rest", "protocol": "folds"}
    source = {"analysis": "prediction", "params": params, "array": "weights"}
    report = weigh(cohort, models="tray", maps=[["Ridge of age", source]])
    prediction = load_analyses()["prediction"]
    own = read_params(prediction, params)
    expected = prediction.report(cohort, own, finish(prediction.compute(cohort, own))).arrays["weights"]
    np.testing.assert_allclose(report.arrays["weights"], expected)
    assert report.numbers["models"][0]["model"] == "Ridge of age"
    assert any("Ridge of age says of itself: Weights, age" in sentence for sentence in report.sentences)
    with pytest.raises(InputError, match="choose maps of the tray"):
        weigh(cohort, models="tray")
    without = dataclasses.replace(cohort, weights={})
    with pytest.raises(InputError, match="save the weights of a prediction to the tray"):
        weigh(without)
    assert weigh(without, models="tray", maps=[["Ridge of age", source]]).numbers["n_models"] == 1


def test_only_maps_of_one_kind_and_one_measure_are_averaged(cohort):
    def of(array, analysis="prediction", **params):
        given = {"phenotype": "age", **params}
        if analysis == "prediction":
            given |= {"protocol": "folds"}
        return {"analysis": analysis, "params": given, "array": array}

    pair = [["A", of("weights", task="rest")], ["B", of("weights", task="nback")]]
    assert weigh(cohort, models="tray", maps=pair).numbers["n_models"] == 2
    for other in (of("pattern"), of("r", "edge-association"), {"scan": 0, "measure": "fc"}):
        with pytest.raises(InputError, match=r"A is “weights” of fc by Prediction and C is .*of one kind"):
            weigh(cohort, models="tray", maps=[*pair, ["C", other]])
    again = dataclasses.replace(cohort.measures["fc"], name="other")
    two = dataclasses.replace(cohort, measures=cohort.measures | {"other": again})
    with pytest.raises(InputError, match="“weights” of other by Prediction"):
        weigh(two, models="tray", maps=[pair[0], ["C", of("weights", measure="other")]])


# --- one model, several models -------------------------------------------------------------------


def test_the_weights_of_one_model_are_shown_as_they_are(cohort):
    report = weigh(cohort, weights=["ridge/1"])
    np.testing.assert_array_equal(report.arrays["weights"], cohort.weights["ridge/1"].values)
    assert view(report, "top").rows[0]["edge"] == 3
    assert len(view(report, "top").rows) == 15
    assert "Only 15 weights that are not zero could be listed, not 30." in report.sentences


def test_a_folder_stands_for_all_in_it_and_none_for_the_first(cohort):
    assert weigh(cohort, weights=["ridge"]).numbers["n_models"] == 3
    assert weigh(cohort, weights=["ridge/2", "ridge"]).numbers["n_models"] == 3
    assert weigh(cohort).numbers["models"][0]["model"] == "ridge/0"


def test_several_models_are_averaged_and_their_agreement_is_counted(cohort):
    values = np.array([cohort.weights[f"ridge/{number}"].values for number in range(3)])
    report = weigh(cohort, weights=["ridge"])
    np.testing.assert_allclose(report.arrays["weights"], values.mean(axis=0))
    np.testing.assert_allclose(report.arrays["iqr"], np.subtract(*np.percentile(values, [75, 25], axis=0)))
    for edge in range(15):
        same = sum(np.sign(value) == np.sign(values[:, edge].mean()) for value in values[:, edge])
        assert report.arrays["agreement"][edge] == pytest.approx(same / 3)
    assert view(report, "top").rows[0]["agreement"] == 1


def test_weights_on_which_models_disagree_can_be_left_out_of_the_ranking(cohort):
    noisy = {key: dataclasses.replace(one, values=one.values.copy()) for key, one in cohort.weights.items()}
    for number, value in enumerate((100, 40, -20)):
        noisy[f"ridge/{number}"].values[8] = value
    cohort = dataclasses.replace(cohort, weights=noisy)
    assert view(weigh(cohort, weights=["ridge"]), "top").rows[0]["edge"] == 8
    report = weigh(cohort, weights=["ridge"], limit_iqr=True)
    assert 8 not in [row["edge"] for row in view(report, "top").rows]
    assert any(sentence.startswith("1 weight not ranked") for sentence in report.sentences)


def test_signs_rank_apart(cohort):
    positive = view(weigh(cohort, weights=["ridge/0"], ranking="positive", number=2), "top").rows
    negative = view(weigh(cohort, weights=["ridge/0"], ranking="negative", number=2), "top").rows
    values = np.sort(cohort.weights["ridge/0"].values)
    assert [row["weight"] for row in positive] == values[:-3:-1].tolist()
    assert [row["weight"] for row in negative] == values[:2].tolist()


@pytest.mark.parametrize(
    ("product", "statistic"), [("mean", np.mean), ("sd", lambda rows, axis: rows.std(axis=axis, ddof=1))]
)
def test_weights_are_multiplied_by_the_measure_task_and_group_that_are_said(cohort, product, statistic):
    rows = [
        row
        for row, scan in enumerate(cohort.scans)
        if scan.task == "rest" and cohort.phenotypes["sex"].values[int(scan.subject) - 1] == 0
    ]
    expected = cohort.weights["ridge/0"].values * statistic(cohort.measures["fc"].values[rows].astype(float), axis=0)
    report = weigh(cohort, weights=["ridge/0"], product=product, task="rest", group='sex == "F"')
    np.testing.assert_allclose(report.arrays["weights"], expected, rtol=1e-6)
    assert any("fc of rest" in sentence and "taken to be fc" in sentence for sentence in report.sentences)
    assert report.numbers["n_subjects"] == len(rows)


def test_weights_are_multiplied_by_one_session_or_run_alone(cohort):
    rest = [row for row, scan in enumerate(cohort.scans) if scan.task == "rest"]
    scans = cohort.scans + tuple(dataclasses.replace(cohort.scans[row], session="2", run="7") for row in rest)
    order = sorted(range(len(scans)), key=lambda row: (scans[row].task, int(scans[row].subject), scans[row]))
    first = cohort.measures["fc"].values
    values = np.concatenate([first, first[rest] / 2])[order]
    measure = dataclasses.replace(cohort.measures["fc"], values=values, present=np.ones(len(scans), dtype=bool))
    twice = dataclasses.replace(cohort, scans=tuple(scans[row] for row in order), measures={"fc": measure})
    expected = cohort.weights["ridge/0"].values * (first[rest] / 2).mean(axis=0, dtype=float)
    for given, words in (({"session": "2"}, "fc of rest, session 2"), ({"run": "7"}, "fc of rest, run 7")):
        report = weigh(twice, weights=["ridge/0"], product="mean", task="rest", **given)
        np.testing.assert_allclose(report.arrays["weights"], expected, rtol=1e-6)
        assert view(report, "weights").title == f"Weights of ridge/0 × mean of {words}"
        assert any(words in sentence and "multiplied by the mean" in sentence for sentence in report.sentences)


# --- training and test -----------------------------------------------------------------------------


def test_subjects_in_training_and_test_are_flagged(cohort):
    report = weigh(cohort, weights=["ridge"])
    rows = {row["model"]: row for row in view(report, "models").rows}
    assert [rows["ridge/1"][key] for key in ("n_train", "n_train_subjects", "n_test", "n_in_both", "in_both")] == [
        60,
        30,
        11,
        1,
        "30",
    ]
    assert len(report.warnings) == 1
    assert report.warnings[0].startswith("ridge/1 was tested on subjects it was trained on: 1 of 11 test rows")
    assert "(subjects 30)" in report.warnings[0]


def test_subjects_in_training_and_test_are_counted_whatever_their_names_hold(cohort):
    names = tuple(f"{number}, a" for number in range(13))
    own = ModelWeights("own", np.ones(15), train_subjects=names, test_subjects=names)
    (said,) = weigh(dataclasses.replace(cohort, weights={"own": own})).warnings
    assert said.endswith(f"(subjects {', '.join(names)}).")  # thirteen names; a list split at commas has more


def test_weights_that_do_not_say_whom_they_were_trained_on_are_said_to(cohort):
    assert "variants does not say whom it was trained and tested on." in weigh(cohort, weights=["variants"]).sentences


# --- variants ----------------------------------------------------------------------------------------


def test_weights_of_variants_are_ranked_and_named_genotype_by_genotype(cohort):
    report = weigh(cohort, weights=["variants"], number=3)
    values = cohort.weights["variants"].values.reshape(3, 60)
    rows = iter(view(report, "top").rows)
    for genotype, own in zip(("two minor alleles", "one of each", "two major alleles"), values, strict=True):
        for index in np.argsort(-np.abs(own))[:3]:
            row = next(rows)
            assert (row["variant"], row["genotype"], row["weight"]) == (f"rs{index}", genotype, own[index])
    assert list(rows) == []
    assert [row["minimum"] for row in view(report, "blocks").rows] == values.min(axis=1).tolist()
    assert [one.name for one in report.views if one.name.startswith("ranking")] == [
        "ranking_1",
        "ranking_2",
        "ranking_3",
    ]


def test_of_two_sets_of_one_size_the_chosen_one_names_the_weights(cohort):
    other = dataclasses.replace(cohort.variant_sets["small"], variant_ids=tuple(f"x{number}" for number in range(60)))
    cohort = dataclasses.replace(cohort, variant_sets={"small": cohort.variant_sets["small"], "other": other})
    assert "2 sets have as many variants" in weigh(cohort, weights=["variants"]).warnings[0]
    report = weigh(cohort, weights=["variants"], variant_set="other")
    assert view(report, "top").rows[0]["variant"].startswith("x")


@pytest.mark.parametrize(
    "given", [{"weights": ["ridge"]}, {"weights": ["ridge/0"], "labels": "networks"}, {"weights": ["variants"]}]
)
def test_every_figure_of_every_kind_is_drawn(cohort, given):
    params = read_params(ANALYSIS, given)
    result = finish(ANALYSIS.compute(cohort, params))
    figures = ANALYSIS.figures(cohort, params, result, ANALYSIS.report(cohort, params, result), "dark")
    named = {one.name for one in ANALYSIS.report(cohort, params, result).views if one.kind in ("matrix", "figure")}
    assert set(figures) == named
    for figure in figures.values():
        assert render(figure, "svg").startswith(b"<?xml")


# --- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": ["lasso"]}, "no weights 'lasso' in this cohort; it has: ridge/0"),
        ({"weights": ["ridge", "variants"]}, "ridge/0 has 15 weights and variants 180; choose models of one kind"),
        ({"weights": ["variants"], "product": "mean"}, "variants weighs variants of small"),
        ({"weights": ["odd"]}, "odd has 7 weights, which are neither"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_way_out(cohort, given, message):
    cohort = dataclasses.replace(cohort, weights=cohort.weights | {"odd": ModelWeights("odd", np.ones(7))})
    with pytest.raises(InputError, match=message):
        weigh(cohort, **given)


def test_a_cohort_without_weights_says_how_to_bring_them(cohort):
    with pytest.raises(InputError, match="weights/NAME"):
        weigh(dataclasses.replace(cohort, weights={}))


# --- the tutorial --------------------------------------------------------------------------------


def test_the_tutorial_s_ridge_weights(fibromyalgia):
    report = weigh(fibromyalgia, weights=[RIDGE])
    assert report.numbers["minimum"] == pytest.approx(-3.16740, abs=5e-6)
    assert report.numbers["maximum"] == pytest.approx(2.70570, abs=5e-6)
    top = view(report, "top").rows
    assert len(top) == 30
    # There it is the bar "113-256", rows of the display counted from 0, and there are 29.
    assert (top[0]["label_a"], top[0]["label_b"]) == ("Power 127", "Power 184")
    (row,) = view(report, "models").rows
    assert (row["n_train"], row["n_test"], row["n_leaking"]) == (117, 14, 14)
    assert "err=184.71498103970936" in row["description"]


@pytest.mark.parametrize(("number", "leaking"), [(0, 14), (1, 12), (2, 10)])
def test_the_shipped_models_were_tested_on_subjects_they_were_trained_on(fibromyalgia, number, leaking):
    report = weigh(fibromyalgia, weights=[f"Fibromyalgia_Impact_Score/Ridge{number}"])
    assert f"{leaking} of 14 test rows" in report.warnings[0]


def test_the_tutorial_s_products_with_the_mean(fibromyalgia):
    """There the mean is over scans of both tasks, here over subjects: the same but for subject 5, who lacks a task."""
    fc = fibromyalgia.measures["fc"].values
    for name, low, high in ((RIDGE, -1.08274, 0.85513), (RIDGE.replace("Ridge", "Lasso"), -54.0228, 59.7607)):
        theirs = fibromyalgia.weights[name].values * fc.mean(axis=0, dtype=float)
        assert (theirs.min(), theirs.max()) == pytest.approx((low, high), abs=6e-5)
        ours = weigh(fibromyalgia, weights=[name], product="mean")
        assert (ours.numbers["minimum"], ours.numbers["maximum"]) == pytest.approx((low, high), rel=2e-2)
    assert ours.numbers["n_nonzero"] == 108


def test_the_strongest_product_of_the_tutorial_is_between_the_same_networks(fibromyalgia):
    first = view(weigh(fibromyalgia, weights=[RIDGE], product="mean"), "top").rows[0]
    assert (first["network_a"], first["network_b"]) == ("UNK", "DMN") or (first["network_a"], first["network_b"]) == (
        "DMN",
        "UNK",
    )
