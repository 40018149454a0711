"""DifferentialNetwork: what it finds in made-up groups, of all kinds of columns."""

import warnings
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from scipy.stats import binom, false_discovery_control, rankdata

import mistruct as ms
from mistruct.page.document import unpack
from mistruct.structure.differential.edge_changes import pairs_at, place_of_pair
from mistruct.structure.differential.given_columns import left_by
from mistruct.structure.differential.group_scores import Groups
from mistruct.structure.differential.pair_differences import correlations_within, pair_differences


def _groups(seed=0, n_rows=150):
    """Two groups: a - b is gained, c - d lost, e - f kept, and all means and spreads differ."""
    rng = np.random.default_rng(seed)
    ill = np.repeat([False, True], n_rows)
    noise = rng.normal(size=(6, 2 * n_rows))
    a, _, c, _, e, _ = noise
    table = pd.DataFrame(
        {
            "a": a,
            "b": noise[1] + np.where(ill, 1.5 * a, 0.0),
            "c": c,
            "d": noise[3] + np.where(ill, 0.0, 1.5 * c),
            "e": e,
            "f": noise[5] + e,
        }
    )
    table = table * np.where(ill, 3.0, 1.0)[:, np.newaxis] + np.where(ill, 10.0, 0.0)[:, np.newaxis]
    table["group"] = np.where(ill, "ill", "healthy")
    return table


def test_finds_what_is_gained_lost_and_kept():
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(_groups())
    rows = {frozenset((r.source, r.target)): (r.differs, r.change) for r in net.edges_.itertuples()}
    assert rows == {
        frozenset("ab"): (True, "gained"),
        frozenset("cd"): (True, "lost"),
        frozenset("ef"): (False, "kept"),
    }
    assert net.levels_ == ("healthy", "ill")
    assert set(net.graph_) == set("abcdef")
    first = net.edges_.set_index(["source", "target"]).loc[("a", "b")]
    assert first["mi[ill]"] > 0.3 > first["mi[healthy]"]
    assert first["support[ill]"] == 1.0
    part = _groups().query("group == 'ill'")[["a", "b"]].rank()
    expected = np.corrcoef(part.T)[0, 1]  # of ranks, which are close to normal scores
    assert first["correlation[ill]"] == pytest.approx(expected, abs=0.05)


def test_why_and_the_page_say_how_a_pair_differs():
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(_groups())
    words = net.why("b", "a")
    assert words.startswith("'a' and 'b' differ between the groups (p 0.0")
    assert words.endswith("an edge in 100% of samples; the edge is gained")
    assert net.why("a", "c") == "'a' and 'c' do not differ, and have an edge in no group"
    with pytest.raises(ms.ParameterError, match="there is no column 'z'"):
        net.why("a", "z")
    held = unpack(ms.explore(net).html)
    assert held["networks"] == ["healthy", "ill"]
    assert words in str(held)


def test_the_order_of_columns_and_of_rows_in_a_group_does_not_matter():
    table = _groups()
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group")
    edges = net.fit(table).edges_
    pd.testing.assert_frame_equal(net.fit(table[table.columns[::-1]]).edges_, edges)


def test_levels_choose_and_turn_the_groups():
    table = _groups()
    table.loc[:29, "group"] = "other"
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group", levels=["ill", "healthy"])
    changes = net.fit(table).edges_.set_index(["source", "target"])["change"]
    assert (changes["a", "b"], changes["c", "d"]) == ("lost", "gained")


class Recording(ms.ChowLiu):
    """Notes how many rows it learns from."""

    seen: ClassVar[list[int]] = []

    def _learn(self, data):
        self.seen.append(data.n_samples)
        return super()._learn(data)


def test_networks_of_unequal_groups_are_learned_from_as_many_rows():
    table = _groups().drop(index=range(100))  # 50 are healthy, 150 ill
    Recording.seen.clear()
    net = ms.DifferentialNetwork(Recording(alpha=0.01), "group", n_resamples=5).fit(table)
    assert Recording.seen == 2 * 5 * [round(0.632 * 50)]
    assert (net.edges_["n_samples"] == 200).all()  # of the test of a pair


def test_three_groups():
    table = _groups()
    table.loc[:74, "group"] = "other"
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(table)
    edges = net.edges_.set_index(["source", "target"])
    assert net.levels_ == ("healthy", "ill", "other")
    assert edges["change"].to_dict() == {("a", "b"): "some", ("c", "d"): "some", ("e", "f"): "kept"}
    assert edges["differs"].tolist() == [True, True, False]
    assert len(net.networks()) == 1


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_correlations_are_those_of_complete_rows(share):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 4)) + rng.normal(size=(90, 1))
    values[rng.random((90, 4)) < share] = np.nan
    values[:, 0] = rng.normal(size=90)  # complete
    data = ms.as_dataset(pd.DataFrame(values, columns=list("abcd")), missing="testwise")
    group = rng.integers(0, 2, 90)
    pairs = np.array([(0, 1), (0, 3), (1, 2), (2, 3)])
    found = correlations_within(data, Groups(group, np.zeros(90, dtype=np.int64)), pairs)
    for g in (0, 1):
        for k, pair in enumerate(pairs):
            part = values[group == g][:, pair]
            part = part[~np.isnan(part).any(axis=1)]
            normal = ndtri(np.apply_along_axis(rankdata, 0, part) / (len(part) + 1))
            assert found[g, k] == pytest.approx(np.corrcoef(normal.T)[0, 1])


def test_arrows_that_turn():
    rng = np.random.default_rng(0)
    n = 400
    second = np.repeat([False, True], n)
    x, y, z = rng.normal(size=(3, 2 * n))
    w = np.where(second, 0.0, x + z) + 0.7 * y  # x -> w <- z in the first group
    x = np.where(second, x + 1.2 * w + z, x)  # w -> x <- z in the second
    table = pd.DataFrame({"w": w, "x": x, "z": z, "group": second})
    net = ms.DifferentialNetwork(ms.PC(alpha=0.01), "group").fit(table)
    changes = net.edges_.set_index(["source", "target"])["change"]
    assert changes["w", "x"] == "turned"
    assert changes["w", "z"] == "lost"


def test_states_are_compared_by_their_odds():
    rng = np.random.default_rng(0)
    group = np.repeat(["first", "second"], 500)
    x = rng.random(1000) < np.where(group == "first", 0.3, 0.6)  # other shares, the same odds ratio
    logit = np.where(x, 1.0, -1.0)
    same = rng.random(1000) < 1 / (1 + np.exp(-logit))
    other = rng.random(1000) < 1 / (1 + np.exp(np.where(group == "first", -logit, logit)))
    table = pd.DataFrame({"x": x, "same": same, "other": other, "group": group})
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(table)
    differs = net.edges_.set_index(["source", "target"])["differs"]
    assert differs["other", "x"]
    assert not differs["same", "x"]


def test_halves_of_one_group_of_states_and_numbers_differ_as_often_as_the_level_says():
    rng = np.random.default_rng(5)
    small, n_pairs = 0, 0
    for _ in range(40):
        numbers = rng.normal(size=(160, 3))
        states = (numbers + rng.normal(size=(160, 3)) > 0.4).astype(int)
        frame = pd.DataFrame({f"n{i}": numbers[:, i] for i in range(3)})
        frame = frame.join(pd.DataFrame({f"s{i}": states[:, i] for i in range(3)}))
        frame["group"] = rng.integers(0, 2, 160)
        data = ms.as_dataset(frame.drop(columns="group"))
        groups = Groups(frame["group"].to_numpy(), np.zeros(160, dtype=np.int64))
        p_values = pair_differences(data, groups, 50, rng).p_values
        small += (p_values < 0.05).sum()
        n_pairs += len(p_values)
    low, high = binom.interval(0.999, n_pairs, 0.05)
    assert low <= small <= high


def test_within_strata_a_batch_makes_no_difference():
    rng = np.random.default_rng(0)
    group = np.repeat(["first", "second"], 200)
    # The second group is mostly of the batch that shifts both columns.
    shifted = rng.random(400) < np.where(group == "first", 0.1, 0.5)
    a, b, c = rng.normal(size=(3, 400)) + 4.0 * shifted * np.array([[1.0], [1.0], [0.0]])
    batch = np.where(shifted, "b2", "b1")
    table = pd.DataFrame({"a": a, "b": b, "c": c, "batch": batch, "group": group})
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group", strata=["batch"]).fit(table)
    assert set(net.graph_) == {"a", "b", "c"}
    assert not net.edges_["differs"].any()
    whole = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(table)
    assert whole.edges_.set_index(["source", "target"])["differs"]["a", "b"]


def _through_a_third(seed):
    """In the second group z acts on a and b more; d depends on c in the second group only."""
    rng = np.random.default_rng(seed)
    group = np.repeat(["first", "second"], 150)
    z, *noise = rng.normal(size=(5, 300))
    strength = np.where(group == "first", 0.2, 1.5)
    table = pd.DataFrame({"a": strength * z + noise[0], "b": strength * z + noise[1], "z": z})
    table["c"] = noise[2]
    table["d"] = noise[3] + np.where(group == "first", 0.0, noise[2]) + z
    return table.assign(group=group)


def test_given_a_third_column_what_differs_through_it_does_not():
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group", given=["z"])
    edges = net.fit(_through_a_third(0)).edges_.set_index(["source", "target"])
    assert set(net.graph_) == {"a", "b", "c", "d"}
    assert edges["differs"]["c", "d"]
    assert edges["differs"].sum() == 1
    without = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group").fit(_through_a_third(0))
    assert without.edges_.set_index(["source", "target"])["differs"]["a", "b"]
    # Partial correlations of normal scores, from the inverse of the correlations in the group.
    part = _through_a_third(0).query("group == 'second'")[["c", "d", "z"]]
    inverse = np.linalg.inv(np.corrcoef(ndtri(part.rank() / (len(part) + 1)).T))
    partial = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    # Ranks of what is left are taken again.
    assert edges["correlation[second]"]["c", "d"] == pytest.approx(partial, abs=0.02)


def test_halves_of_one_group_differ_given_a_column_as_often_as_the_level_says():
    rng = np.random.default_rng(3)
    small, n_pairs = 0, 0
    for _ in range(40):
        z, x = rng.normal(size=(2, 60)), rng.normal(size=(8, 60))
        frame = pd.DataFrame((x + z[0] - z[1]).T, columns=[*"abcdefgh"])
        groups = Groups(np.repeat([0, 1], 30), np.zeros(60, dtype=np.int64))
        given = ms.as_dataset(pd.DataFrame(z.T, columns=["y", "z"]))
        rest = left_by(ms.as_dataset(frame), given, groups)
        p_values = pair_differences(rest, groups, 60, rng, n_given=2).p_values
        small += (p_values < 0.05).sum()
        n_pairs += len(p_values)
    low, high = binom.interval(0.999, n_pairs // 2, 0.05)  # pairs of one table depend on each other
    assert 2 * low <= small <= 2 * high


def test_a_column_that_the_given_one_determines_is_compared_with_none():
    table = _through_a_third(1).assign(e=lambda t: np.exp(t["z"]))
    net = ms.DifferentialNetwork(ms.ChowLiu(), "group", given=["z"], alpha=0.99).fit(table)
    with_e = net.edges_[(net.edges_["source"] == "e") | (net.edges_["target"] == "e")]
    assert with_e["p_value"].isna().all()


def test_too_little_memory_is_said_before_it_is_used(monkeypatch):
    from mistruct.structure.differential import pair_cost

    net = ms.DifferentialNetwork(ms.ChowLiu(), "group")
    cost = net.cost(_groups())
    assert 0 < cost.seconds < 1
    monkeypatch.setattr(pair_cost, "memory_limit", lambda: 1)
    with pytest.raises(ms.ParameterError, match=r"the 15 pairs of 6 columns take about .* GB"):
        net.fit(_groups())


def test_strata_that_cannot_be_compared_are_left_out_and_that_is_said():
    table = _groups()
    table["batch"] = np.where(np.arange(300) < 3, "rare", "usual")
    net = ms.DifferentialNetwork(ms.ChowLiu(alpha=0.01), "group", strata=["batch"])
    with pytest.warns(ms.MistructWarning, match="1 of the strata, with 3 rows, are left out"):
        net.fit(table)
    assert (net.edges_["n_samples"] == 297).all()


def test_false_discovery_rate_is_that_of_scipy():
    table = _groups()
    net = ms.DifferentialNetwork(ms.ChowLiu(), "group", alpha=0.99).fit(table)
    groups = Groups((table["group"] == "ill").to_numpy(dtype=np.int64), np.zeros(300, dtype=int))
    rng = np.random.default_rng(np.random.SeedSequence(0))
    data = ms.as_dataset(table.drop(columns="group"))
    tests = pair_differences(data, groups, 200, rng, alpha=0.99)
    adjusted = false_discovery_control(tests.weighted)
    position = {name: i for i, name in enumerate("abcdef")}
    places = [
        place_of_pair(position[r.source], position[r.target], 6) for r in net.edges_.itertuples()
    ]
    assert len(places) > 5
    np.testing.assert_allclose(net.edges_["p_value"], tests.p_values[places])
    np.testing.assert_allclose(net.edges_["q_value"], adjusted[places])
    others = np.setdiff1d(np.arange(15), places)
    assert (adjusted[others] > 0.99).all()


def test_pairs_by_place_are_those_of_numpy():
    i, j = np.triu_indices(7, 1)
    np.testing.assert_array_equal(pairs_at(np.arange(21), 7), np.column_stack([i, j]))
    np.testing.assert_array_equal(place_of_pair(i, j, 7), np.arange(21))


def test_a_column_that_is_constant_in_a_group_is_compared_with_none():
    table = _groups()
    table.loc[table["group"] == "ill", "a"] = 1.0
    net = ms.DifferentialNetwork(ms.ChowLiu(), "group", alpha=0.99).fit(table)
    with_a = net.edges_[(net.edges_["source"] == "a") | (net.edges_["target"] == "a")]
    assert with_a["p_value"].isna().all()
    assert (with_a["mi[ill]"] == 0).all()


@pytest.mark.parametrize(
    ("changed", "parameters", "message"),
    [
        ({}, {"condition": "grup"}, "grup"),
        ({"group": "one"}, {}, "condition 'group' has 1 level to compare, 'one'"),
        ({}, {"levels": ["ill", "il"]}, "levels of 'group' must be one of"),
        ({}, {"levels": ["ill", "ill"]}, "levels must differ"),
        ({"group": ["x"] * 291 + ["y"] * 9}, {}, "group 'y' of 'group' has 9 rows, but 10 or more"),
        ({}, {"condition": "a"}, "condition 'a' is continuous; groups need states"),
        ({}, {"strata": ["group"]}, "condition must not be among strata"),
        ({}, {"strata": ["a"]}, "strata: column 'a' is continuous"),
        ({}, {"given": ["group"]}, "condition must not be among given"),
        (
            {"a": ["x", "y"] * 150},
            {"given": ["b"]},
            "given: all columns must have an order, and 'a'",
        ),
        ({"a": ["x", "y"] * 150}, {"given": ["a"]}, "given: column 'a' has states without"),
        ({}, {"learner": ms.TAN("group")}, "condition must not be a node, got 'group'"),
        ({}, {"alpha": 0}, "alpha must be a number between 0 and 1"),
        ({}, {"n_permutations": 0}, "n_permutations must be a whole number"),
        ({}, {"learner": "pc"}, "learner must be a learner of structure"),
    ],
)
def test_bad_input_is_named(changed, parameters, message):
    options = {"learner": ms.ChowLiu(), "condition": "group"} | parameters
    learner, condition = options.pop("learner"), options.pop("condition")
    net = ms.DifferentialNetwork(learner, condition, **options)
    with pytest.raises(ms.MistructError, match=message), warnings.catch_warnings():
        net.fit(_groups().assign(**changed))
