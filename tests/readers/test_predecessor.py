"""The folder of the first ImageNomer is read as it was meant, and whatever is odd about it is said."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest

from imagenomer.cohort import Scan
from imagenomer.edges import edges_to_matrix
from imagenomer.errors import InputError
from imagenomer.parcellation import load_atlas
from readers.small_folder import N_EDGES, N_PARCELS, opened, said, write_demographics, write_scan

# --- the real cohort -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fibromyalgia(shared_data):
    return opened(shared_data / "fibromyalgia")


def test_the_fibromyalgia_cohort_has_its_subjects_and_scans(fibromyalgia):
    assert fibromyalgia.n_subjects == 66
    assert fibromyalgia.subjects[:3] == ("2", "4", "5")
    assert len(fibromyalgia.scans) + len(fibromyalgia.set_aside) == 135
    assert {scan.subject for scan in fibromyalgia.set_aside} == {"3", "48"}
    found = [scan.task for scan in (*fibromyalgia.scans, *fibromyalgia.set_aside)]
    assert (found.count("rest"), found.count("epr")) == (68, 67)
    assert list(fibromyalgia.measures) == ["fc", "partial"]


def test_the_fibromyalgia_log_says_who_is_excluded_and_who_has_no_scan_of_a_task(fibromyalgia):
    assert said(fibromyalgia, "no demographics") == ("3 (epr, rest)", "48 (epr, rest)")
    assert said(fibromyalgia, "1 subject without epr") == ("5",)
    assert "135 scans (epr 67, rest 68)" in " ".join(entry.message for entry in fibromyalgia.log)
    assert said(fibromyalgia, "not recognised") == ("SOURCE.txt",)


def test_every_fibromyalgia_scan_is_in_its_row(fibromyalgia, shared_data):
    for name, measure in fibromyalgia.measures.items():
        assert measure.present.all()
        for row, scan in enumerate(fibromyalgia.scans):
            path = shared_data / f"fibromyalgia/{name}/{scan.subject}_task-{scan.task}_{name}.npy"
            np.testing.assert_array_equal(measure.values[row], np.load(path).astype(np.float32))


def test_the_fibromyalgia_phenotypes_are_those_of_the_file(fibromyalgia, shared_data):
    table = pickle.loads((shared_data / "fibromyalgia/demographics.pkl").read_bytes())  # noqa: S301 - a known file
    assert list(fibromyalgia.phenotypes) == list(table)
    for name, column in table.items():
        phenotype = fibromyalgia.phenotypes[name]
        for position, subject in enumerate(fibromyalgia.subjects):
            value = phenotype.values[position]
            assert column[int(subject)] == (phenotype.levels[value] if phenotype.levels else value)
    assert fibromyalgia.phenotypes["Fibromyalgia"].levels == ("No", "Yes")


def test_the_fibromyalgia_parcels_are_taken_for_power_with_evidence(fibromyalgia):
    assert fibromyalgia.parcellation.name == "Power 264"
    assert any("Spearman -0.3" in entry.message for entry in fibromyalgia.log)


def test_components_and_scores_rebuild_the_scans(fibromyalgia):
    # sklearn's PCA of the resting scans: mean + scores @ components is the data again.
    decomposition = fibromyalgia.decompositions["restpca"]
    rest = fibromyalgia.observations("fc", "rest")
    assert np.array_equal(rest.subjects, np.arange(66))
    rebuilt = rest.values.mean(axis=0) + decomposition.scores @ decomposition.components
    np.testing.assert_allclose(rebuilt, rest.values, atol=2e-6)


def test_a_map_saved_in_display_order_comes_back_in_edge_order(fibromyalgia):
    # idA.pkl is the correlation of the impact score with fc over all 131 scans (of repeated people).
    score = fibromyalgia.phenotypes["Fibromyalgia_Impact_Score"].values[fibromyalgia.scan_subjects]
    fc = fibromyalgia.measures["fc"].values.astype(np.float64)
    standard = (fc - fc.mean(axis=0)) / fc.std(axis=0)
    r = ((score - score.mean()) / score.std()) @ standard / len(score)
    np.testing.assert_allclose(fibromyalgia.weights["corr/idA"].values, r, atol=1e-6)


def test_model_weights_keep_their_rows_and_description(fibromyalgia):
    ridge = fibromyalgia.weights["Fibromyalgia_Impact_Score/Ridge0"]
    assert (ridge.values.min().round(5), ridge.values.max().round(5)) == (-3.1674, 2.7057)
    assert (len(ridge.train_subjects), len(ridge.test_subjects)) == (117, 14)
    assert "err=" in ridge.description
    assert np.count_nonzero(fibromyalgia.weights["Fibromyalgia_Impact_Score/Lasso0"].values) == 108


def test_the_hapmap_genotypes_are_copies_of_the_major_allele(shared_data):
    cohort = opened(shared_data / "imagenomer-cohort-hapmap")
    variants = cohort.variant_sets["chr2122"]
    assert variants.dosage.shape == (60, 242)
    assert variants.variant_ids[0] == "rs1468704"
    for row, subject in enumerate(cohort.subjects):
        codes = np.load(shared_data / f"imagenomer-cohort-hapmap/snps/{subject}_set-chr2122_snps.npy")
        np.testing.assert_array_equal(variants.dosage[row], np.nan_to_num(codes, nan=-1))
    assert cohort.parcellation is None


# --- names, order and kinds ----------------------------------------------------------------------


def test_subjects_are_in_natural_order_and_scans_by_task_then_subject(folder):
    cohort = opened(folder)
    assert cohort.name == "Small"
    assert cohort.subjects == ("2", "3", "10", "11")
    assert cohort.scans == tuple(Scan(task, subject) for task in ("nback", "rest") for subject in cohort.subjects)
    for row, scan in enumerate(cohort.scans):
        stored = np.load(folder / f"fc/{scan.subject}_task-{scan.task}_fc.npy")
        np.testing.assert_array_equal(cohort.measures["fc"].values[row], stored.astype(np.float32))


def test_integer_text_and_float_keys_name_the_same_files(folder):
    write_demographics(folder, {"age": {2: 1, "3": 2, 10.0: 3, np.int64(11): 4}})
    cohort = opened(folder)
    assert cohort.subjects == ("2", "3", "10", "11")
    np.testing.assert_array_equal(cohort.phenotypes["age"].values, [1, 2, 3, 4])


def test_sessions_and_runs_and_no_task_at_all_are_scans(folder):
    for name in ("2_task-rest_ses-pre", "2_task-rest_ses-post_run-2", "2", "sub_a_task-run-01"):
        write_scan(folder, f"conn/{name}_cov.npy", np.linspace(0, 0.5, N_EDGES))
    write_demographics(folder, {"age": {2: 1, "sub_a": 2}})
    cohort = opened(folder)
    present = {scan for scan, has in zip(cohort.scans, cohort.measures["cov"].present, strict=True) if has}
    assert present == {
        Scan("rest", "2", session="pre"),
        Scan("rest", "2", session="post", run="2"),
        Scan("", "2"),
        Scan("run-01", "sub_a"),
    }


def test_a_measure_lacks_what_it_lacks(folder):
    write_scan(folder, "partial/3_task-rest_partial.npy", np.linspace(0, 0.5, N_EDGES))
    cohort = opened(folder)
    partial = cohort.measures["partial"]
    assert [cohort.scans[row] for row in np.flatnonzero(partial.present)] == [Scan("rest", "3")]
    assert np.isnan(partial.values[~partial.present]).all()
    assert said(cohort, "7 scans without partial") == (
        "2 (nback, rest)",
        "3 (nback)",
        "10 (nback, rest)",
        "11 (nback, rest)",
    )


def test_without_demographics_the_files_name_the_subjects(folder):
    (folder / "demographics.pkl").unlink()
    cohort = opened(folder)
    assert cohort.subjects == ("2", "3", "10", "11")
    assert cohort.phenotypes == {}
    said(cohort, "without phenotypes")


def test_demographics_alone_are_a_cohort(folder):
    shutil.rmtree(folder / "fc")
    cohort = opened(folder)
    assert (cohort.n_subjects, cohort.scans, cohort.parcellation) == (4, (), None)


def test_participants_tsv_takes_the_place_of_the_pickle(folder):
    (folder / "demographics.pkl").unlink()
    (folder / "participants.tsv").write_text(
        "participant_id\tage\tsex\tgroup\n10\t31\tF\t1\n2\t21.5\tM\tn/a\n3\tn/a\tM\t2\n11\t20\tn/a\t1\n"
    )
    (folder / "participants.json").write_text(
        '{"age": {"Units": "years", "Description": "Age at scan"},'
        ' "group": {"Levels": {"2": "patient", "1": "control"}}}'
    )
    cohort = opened(folder)
    age = cohort.phenotypes["age"]
    np.testing.assert_array_equal(age.values, [21.5, np.nan, 31, 20])
    assert (age.units, age.description) == ("years", "Age at scan")
    assert cohort.phenotypes["sex"].levels == ("F", "M")
    assert cohort.phenotypes["group"].levels == ("patient", "control")
    np.testing.assert_array_equal(cohort.phenotypes["group"].values, [-1, 0, 1, 1])


def test_whole_matrices_are_folded(folder):
    vector = np.linspace(-0.5, 0.5, N_EDGES)
    write_scan(folder, "fc/2_task-rest_fc.npy", edges_to_matrix(vector, diagonal=1))
    cohort = opened(folder)
    np.testing.assert_array_equal(cohort.measures["fc"].values[4], vector.astype(np.float32))


def test_an_atlas_beside_the_scans_names_the_parcels(folder):
    rows = "".join(f"P{number}\t{number}\t0\t0\t{'AB'[number % 2]}\n" for number in range(N_PARCELS))
    (folder / "atlas.tsv").write_text(f"label\tx\ty\tz\tnetwork\n{rows}")
    assert opened(folder).parcellation.networks == ("A", "B", "A", "B", "A")
    (folder / "atlas.tsv").write_text("label\n" + "P\n" * 4)
    with pytest.raises(InputError, match=r"4 parcels, the scans have 5"):
        opened(folder)


def test_parcels_without_an_atlas_are_numbered(folder):
    cohort = opened(folder)
    assert cohort.parcellation.labels[0] == "Parcel 1"
    said(cohort, "5 parcels without names")


def test_power_parcels_in_another_order_are_doubted(folder):
    rng = np.random.default_rng(0)
    shutil.rmtree(folder / "fc")
    for subject in ("2", "3"):
        write_scan(folder, f"fc/{subject}_task-rest_fc.npy", rng.uniform(-0.5, 0.5, 34716))
    said(opened(folder), "the data do not support this")


@pytest.mark.parametrize("name", ["schaefer-100-7", "schaefer-100-17", "glasser-360"])
def test_where_a_size_is_ambiguous_the_data_say_which_atlas_it_may_be(folder, name):
    shutil.rmtree(folder / "fc")
    write_near_is_strong(folder, load_atlas(name).coordinates)
    cohort = opened(folder)
    assert cohort.parcellation.atlas == name
    said(cohort, f"taken for {load_atlas(name).name}, but other atlases or orders have as many")


def test_where_no_atlas_of_the_size_fits_the_data_there_is_none(folder):
    shutil.rmtree(folder / "fc")
    write_near_is_strong(folder, np.random.default_rng(0).uniform(-60, 60, (100, 3)))
    cohort = opened(folder)
    assert cohort.parcellation.labels[0] == "Parcel 1"
    said(cohort, "have as many, but the data do not support any of them")


@pytest.mark.parametrize("n_parcels", [263, 265, 268])
def test_a_number_of_parcels_near_that_of_power_is_taken_as_it_is(folder, n_parcels):
    shutil.rmtree(folder / "fc")
    values = np.linspace(-0.9, 0.9, n_parcels * (n_parcels - 1) // 2)
    write_scan(folder, "fc/2_task-rest_fc.npy", values)
    cohort = opened(folder)
    assert cohort.parcellation.n_parcels == n_parcels
    np.testing.assert_array_equal(cohort.measures["fc"].values[0], values.astype(np.float32))


def test_labels_alone_in_the_table_tell_the_atlas(folder):
    shutil.rmtree(folder / "fc")
    write_near_is_strong(folder, np.random.default_rng(0).uniform(-60, 60, (100, 3)))
    atlas = load_atlas("schaefer-100-17")
    (folder / "atlas.tsv").write_text("label\n" + "\n".join(f"17Networks_{label}" for label in atlas.labels))
    cohort = opened(folder)
    assert cohort.parcellation.networks == atlas.networks
    said(cohort, "Parcels as atlas.tsv names them: Schaefer 100 (17 networks)")


def write_near_is_strong(folder, coordinates):
    """A scan whose connectivity falls with distance."""
    first, second = np.triu_indices(len(coordinates), k=1)
    distance = np.linalg.norm(coordinates[first] - coordinates[second], axis=1)
    write_scan(folder, "fc/2_task-rest_fc.npy", 0.9 - 0.01 * np.minimum(distance, 150))


# --- what is odd is said -------------------------------------------------------------------------


def test_scans_of_another_size_are_set_aside_and_named(folder):
    write_scan(folder, "fc/3_task-rest_fc.npy", np.zeros(6))
    cohort = opened(folder)
    assert said(cohort, "another number of values than 10") == ("fc/3_task-rest_fc.npy: 6",)
    assert cohort.set_aside == (Scan("rest", "3"),)
    assert said(cohort, "1 subject without rest") == ("3",)


def test_a_truncated_scan_is_set_aside_and_named(folder):
    path = folder / "fc/3_task-nback_fc.npy"
    path.write_bytes(path.read_bytes()[:-8])
    cohort = opened(folder)
    (item,) = said(cohort, "cannot be read")
    assert item.startswith("fc/3_task-nback_fc.npy is truncated")
    assert cohort.set_aside == (Scan("nback", "3"),)
    assert len(cohort.measures["fc"].values) == len(cohort.scans) == 7
    for row, scan in enumerate(cohort.scans):
        stored = np.load(folder / f"fc/{scan.subject}_task-{scan.task}_fc.npy")
        np.testing.assert_array_equal(cohort.measures["fc"].values[row], stored.astype(np.float32))


def test_every_measure_stays_with_its_scans_when_one_drops_out(folder):
    (folder / "fc/2_task-nback_fc.npy").write_bytes(b"")
    write_scan(folder, "partial/3_task-nback_partial.npy", np.linspace(0, 0.5, N_EDGES))
    cohort = opened(folder)
    partial = cohort.measures["partial"]
    assert cohort.scans[0] == Scan("nback", "3")
    assert partial.present.tolist() == [True] + [False] * 6
    np.testing.assert_array_equal(partial.values[0], np.linspace(0, 0.5, N_EDGES, dtype=np.float32))


def test_a_size_that_no_matrix_has_is_an_error_if_all_have_it(folder):
    for path in (folder / "fc").iterdir():
        np.save(path, np.zeros(11))
    with pytest.raises(InputError, match=r"fc/10_task-nback_fc.npy: 11 values .* 5 parcels have 10 edges, 6 have 15"):
        opened(folder)


def test_if_no_scan_can_be_read_the_first_reason_is_the_error(folder):
    for path in (folder / "fc").iterdir():
        path.write_bytes(b"not numpy")
    with pytest.raises(InputError, match=r"none of 8 scan files .*fc/10_task-nback_fc.npy is not a .npy file"):
        opened(folder)


def test_a_header_that_asks_for_the_moon_gets_no_memory(folder):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (49999995000000,), }\n"
    for path in (folder / "fc").iterdir():
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(InputError, match="truncated"):
        opened(folder)


def test_values_that_are_not_finite_are_counted_and_missing(folder):
    values = np.linspace(-0.5, 0.5, N_EDGES)
    values[[1, 2]], values[3] = np.nan, -np.inf
    write_scan(folder, "fc/2_task-rest_fc.npy", values)
    cohort = opened(folder)
    assert said(cohort, "not finite") == ("fc/2_task-rest_fc.npy: 2 NaN, 1 infinite",)
    assert np.isnan(cohort.measures["fc"].values[4, [1, 2, 3]]).all()


def test_a_scan_without_a_single_number_is_set_aside(folder):
    write_scan(folder, "fc/2_task-rest_fc.npy", np.full(N_EDGES, np.nan))
    cohort = opened(folder)
    assert cohort.set_aside == (Scan("rest", "2"),)
    assert said(cohort, "cannot be read") == ("fc/2_task-rest_fc.npy holds no number, 10 values are NaN or infinite",)


def test_what_is_rounded_to_single_precision_is_said(folder):
    assert any("single precision" in entry.message for entry in opened(folder).log)


def test_values_beyond_one_are_named(folder):
    write_scan(folder, "fc/2_task-rest_fc.npy", np.linspace(-2, 0.5, N_EDGES))
    assert said(opened(folder), "beyond -1 and 1 in 1 scan") == ("fc/2_task-rest_fc.npy: -2 to 0.5",)


def test_vectors_with_the_diagonal_are_read_without_it(folder, shared_data):
    shutil.rmtree(folder / "fc")
    with_diagonal = np.load(shared_data / "npy-variants/fc_upper_with_diag.npy")
    write_scan(folder, "fc/2_task-rest_fc.npy", with_diagonal)
    cohort = opened(folder)
    said(cohort, "fc: its vectors are the upper triangle of 264 parcels row by row, with the diagonal")
    rows, columns = np.triu_indices(264)
    np.testing.assert_array_equal(cohort.measure("fc").values, with_diagonal[rows != columns][None].astype(np.float32))


def test_small_vectors_that_have_1_where_a_diagonal_would_be_are_doubted(folder):
    shutil.rmtree(folder / "fc")
    write_scan(folder, "fc/2_task-rest_fc.npy", np.array([1, 5.0, 3, 4, 1, 6, 7, 1, 8, 1]))
    said(opened(folder), "4 parcels with the diagonal")


def test_copies_and_flat_scans_are_named(folder):
    shutil.copy(folder / "fc/2_task-rest_fc.npy", folder / "fc/11_task-rest_fc.npy")
    write_scan(folder, "fc/3_task-rest_fc.npy", np.zeros(N_EDGES))
    cohort = opened(folder)
    assert said(cohort, "identical data") == ("fc/11_task-rest_fc.npy = fc/2_task-rest_fc.npy",)
    assert said(cohort, "same value in every edge") == ("fc/3_task-rest_fc.npy",)


def test_two_files_for_one_scan_are_named_and_the_first_is_used(folder):
    write_scan(folder, "zz/2_task-rest_fc.npy", np.zeros(N_EDGES))
    assert said(opened(folder), "Several files") == ("zz/2_task-rest_fc.npy (used: fc/2_task-rest_fc.npy)",)


def test_subjects_without_scans_and_names_that_look_alike_are_reported(folder):
    write_demographics(folder, {"age": {2: 1, 3: 2, "sub-10": 3, "07": 4, 7: 5}})
    cohort = opened(folder)
    assert said(cohort, "same subject") == ("07, 7", "10, sub-10")
    assert said(cohort, "3 subjects of the demographics without a scan") == ("07", "7", "sub-10")
    assert {scan.subject for scan in cohort.set_aside} == {"10", "11"}


def test_one_subject_under_two_keys_is_reported(folder):
    write_demographics(folder, {"age": {2: 1, "2": 9, 3: 2}})
    cohort = opened(folder)
    assert said(cohort, "in two ways") == ("2: '2', 2",)
    np.testing.assert_array_equal(cohort.phenotypes["age"].values, [1, 2])


def test_no_scan_of_anybody_known_is_said_and_the_phenotypes_still_open(folder):
    write_demographics(folder, {"age": {"a": 1, "b": 2}})
    cohort = opened(folder)
    assert (cohort.scans, len(cohort.set_aside), cohort.n_subjects) == ((), 8, 2)
    said(cohort, "compare the file names")


@pytest.mark.parametrize("content", [[1, 2], {"age": [1, 2]}, {}, "text", {"age": {}}])
def test_demographics_of_another_shape_are_refused(folder, content):
    write_demographics(folder, content)
    with pytest.raises(InputError, match="no subject"):
        opened(folder)


# --- genotypes, components and weights that do not fit -------------------------------------------


def test_a_set_of_variant_names_has_no_order_and_gives_numbers(folder):
    write_scan(folder, "snps/2_set-x_snps.npy", np.array([0, 1, np.nan, 7]))
    (folder / "snps_x.pkl").write_bytes(pickle.dumps({"rs1", "rs2", "rs3", "rs4"}))
    cohort = opened(folder)
    variants = cohort.variant_sets["x"]
    assert variants.variant_ids[:2] == ("variant 1", "variant 2")
    np.testing.assert_array_equal(variants.dosage, [[0, 1, -1, -1], *[[-1] * 4] * 3])
    said(cohort, "no order")
    assert said(cohort, "other than 0, 1, 2") == ("2 (1)",)
    assert said(cohort, "without genotypes") == ("3", "10", "11")


def test_genotypes_of_another_length_are_set_aside(folder):
    for subject, n in (("2", 3), ("3", 3), ("10", 4)):
        write_scan(folder, f"snps/{subject}_set-x_snps.npy", np.ones(n))
    cohort = opened(folder)
    assert cohort.variant_sets["x"].dosage.shape == (4, 3)
    assert said(cohort, "another number than 3") == ("10 (4)",)


def test_components_that_do_not_fit_are_left_out(folder):
    write_scan(folder, "decomp/ica-comps/ica_comp-0.npy", np.zeros(N_EDGES + 1))
    write_scan(folder, "decomp/ica-weights/2_comp-ica_weights.npy", np.zeros(1))
    write_scan(folder, "decomp/nmf-comps/nmf_comp-0.npy", np.zeros(N_EDGES))
    cohort = opened(folder)
    assert cohort.decompositions == {}
    said(cohort, "another size than the edges")
    assert said(cohort, "components but no scores") == ("nmf",)


def test_components_are_in_numeric_order_and_absent_scores_are_missing(folder):
    for number in range(11):
        write_scan(folder, f"decomp/pca-comps/pca_comp-{number}.npy", np.full(N_EDGES, number))
    write_scan(folder, "decomp/pca-weights/3_comp-pca_weights.npy", np.arange(11))
    decomposition = opened(folder).decompositions["pca"]
    np.testing.assert_array_equal(decomposition.components[:, 0], np.arange(11))
    np.testing.assert_array_equal(decomposition.scores[1], np.arange(11))
    assert np.isnan(decomposition.scores[[0, 2, 3]]).all()


def test_infinite_weights_of_a_component_are_missing_and_counted(folder):
    component = np.arange(N_EDGES, dtype=np.float64)
    component[:2] = np.inf, 1e300  # as float32, which components are kept in, the second is infinite too
    write_scan(folder, "decomp/pca-comps/pca_comp-0.npy", component)
    write_scan(folder, "decomp/pca-weights/3_comp-pca_weights.npy", np.ones(1))
    cohort = opened(folder)
    kept = cohort.decompositions["pca"].components[0]
    assert np.isnan(kept[:2]).all()
    np.testing.assert_array_equal(kept[2:], component[2:])
    said(cohort, "2 infinite weights of an edge read as missing")


def test_weights_that_do_not_fit_are_left_out_and_named(folder):
    (folder / "weights/deep").mkdir(parents=True)
    for name, content in {
        "deep/good": {"w": np.ones((1, N_EDGES)), "trsubs": [2, 3], "tsubs": np.array(["10"]), "desc": "fine"},
        "short": {"w": np.ones(3)},
        "empty": {},
        "mapped": {"w": np.ones(N_EDGES), "noremap": "true"},
        "evil": print,
    }.items():
        (folder / f"weights/{name}.pkl").write_bytes(pickle.dumps(content))
    cohort = opened(folder)
    assert list(cohort.weights) == ["deep/good"]
    assert cohort.weights["deep/good"].train_subjects == ("2", "3")
    assert cohort.weights["deep/good"].test_subjects == ("10",)
    refused = said(cohort, "Model weights that were not read")
    assert [item.split(".pkl")[0] for item in refused] == [
        "weights/empty",
        "weights/evil",
        "weights/mapped",
        "weights/short",
    ]


def test_weights_may_come_as_npz(folder):
    (folder / "weights").mkdir()
    weights = np.arange(float(N_EDGES))
    np.savez(folder / "weights/plain.npz", w=weights)
    np.savez(folder / "weights/told.npz", w=-weights, trsubs=["2", "sub-3"], tsubs=[10, 10], desc="err=1")
    np.savez(folder / "weights/texts.npz", w=["1"] * N_EDGES)
    np.savez(folder / "weights/objects.npz", w=weights, desc=np.array([{}]))
    (folder / "weights/plain.pkl").write_bytes(pickle.dumps({"w": weights}))
    cohort = opened(folder)
    assert list(cohort.weights) == ["plain", "told"]
    told = cohort.weights["told"]
    np.testing.assert_array_equal(told.values, -weights)
    assert (told.train_subjects, told.test_subjects, told.description) == (("2", "sub-3"), ("10", "10"), "err=1")
    refused = said(cohort, "Model weights that were not read")
    assert all(any(words in item for item in refused) for words in ("objects", "another file", "called 'w'"))
    assert len(refused) == 3


def test_display_order_is_undone_edge_by_edge(folder):
    order = load_atlas("power-264").display_order
    rng = np.random.default_rng(0)
    matrix = edges_to_matrix(rng.normal(size=34716))
    rows, columns = np.triu_indices(264, k=1)
    shown = matrix[order][:, order][rows, columns]
    shutil.rmtree(folder / "fc")
    (folder / "weights").mkdir()
    (folder / "weights/m.pkl").write_bytes(pickle.dumps({"w": shown, "noremap": "true"}))
    np.testing.assert_array_equal(opened(folder).weights["m"].values, matrix[rows, columns])
