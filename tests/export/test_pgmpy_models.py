"""Bayesian networks: direction, tables against a dict-and-loops BDeu posterior, bad input."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from mistruct.data.dataset import as_dataset
from mistruct.data.discretize import discretize
from mistruct.errors import DataError, MistructWarning, ParameterError
from mistruct.export.pgmpy_models import to_bayesian_network


def table(n=300, seed=0):
    """Four dependent columns with awkward names and integer, boolean and text states."""
    rng = np.random.default_rng(seed)
    dose = rng.choice([0, 5, 10], n)
    alive = rng.random(n) < 0.3 + 0.05 * dose
    return pd.DataFrame(
        {
            "dose (mg)": dose,
            "alive, 5 years": alive,
            'the "höchste" stage': np.where(
                alive, rng.choice(["I", "II (a)"], n), rng.choice(["II (a)", "III, late"], n)
            ),
            "alone": rng.choice(["x", "y"], n),
        }
    )


def posterior(frame, child, parents, states, size):
    """P(child | parents) by counting rows one by one; rows that miss a value do not count."""
    configurations = list(itertools.product(*(states[p] for p in parents)))
    prior = size / (len(states[child]) * len(configurations))
    counts = {(k, j): prior for k in states[child] for j in configurations}
    for _, row in frame.iterrows():
        family = (row[child], *(row[p] for p in parents))
        if not any(pd.isna(v) for v in family):
            counts[family[0], family[1:]] += 1
    totals = {j: sum(counts[k, j] for k in states[child]) for j in configurations}
    return {(k, j): counts[k, j] / totals[j] for k in states[child] for j in configurations}


def assert_tables_are_the_posterior(model, frame, size):
    for cpd in model.cpds:
        child, *parents = cpd.variables
        expected = posterior(frame, child, parents, cpd.state_names, size)
        for (k, j), value in expected.items():
            names = dict(zip(cpd.variables, (k, *j), strict=True))
            index = tuple(cpd.get_state_no(v, s) for v, s in names.items())
            assert cpd.values[index] == pytest.approx(value)


def test_dag_tables_are_the_bdeu_posterior_in_the_callers_states(inference):
    frame = table()
    names = list(frame)
    dag = nx.DiGraph([(names[0], names[2]), (names[1], names[2]), (names[0], names[1])])
    dag.add_node("alone")
    model = to_bayesian_network(dag, frame, equivalent_sample_size=2.5)
    assert model.check_model()
    assert set(model.edges) == set(dag.edges) and set(model) == set(dag)
    assert model.get_cpds(names[0]).state_names[names[0]] == [0, 5, 10]
    assert model.get_cpds(names[1]).state_names[names[1]] == [False, True]
    assert_tables_are_the_posterior(model, frame, 2.5)
    answer = inference.VariableElimination(model).query(
        [names[2]], evidence={names[0]: 10, names[1]: True}, show_progress=False
    )
    expected = posterior(
        frame,
        names[2],
        names[:2],
        answer.state_names | {names[0]: [0, 5, 10], names[1]: [False, True]},
        2.5,
    )
    for i, state in enumerate(answer.state_names[names[2]]):
        assert answer.values[i] == pytest.approx(expected[state, (10, True)])


def test_parent_configurations_that_never_occur_are_uniform():
    frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 0, 1, 1], "c": ["u", "v", "w", "w"]})
    model = to_bayesian_network(nx.DiGraph([("a", "c"), ("b", "c")]), frame)
    cpd = model.get_cpds("c")
    assert cpd.variables == ["c", "a", "b"]
    np.testing.assert_allclose(cpd.values[:, 0, 1], 1 / 3)
    assert (cpd.values[:, 0, 0] != 1 / 3).any()


def test_each_table_uses_the_rows_complete_for_its_own_family():
    frame = table().astype(object)
    rng = np.random.default_rng(1)
    for i, name in enumerate(frame):
        frame.loc[rng.random(len(frame)) < 0.1 * (i + 1), name] = None
    names = list(frame)
    data = as_dataset(frame, missing="testwise")
    dag = nx.DiGraph([(names[0], names[2]), (names[1], names[2])])
    dag.add_node("alone")
    model = to_bayesian_network(dag, data, equivalent_sample_size=1)
    assert_tables_are_the_posterior(model, frame, 1)
    for name in names:
        family = [name, *dag.pred[name]]
        assert model.nodes[name]["n_samples"] == len(frame[family].dropna())


def test_missing_values_are_refused_or_a_state_as_the_door_says():
    frame = pd.DataFrame({"a": ["x", None, "y", "y"], "b": [1, 2, 1, 2]})
    graph = nx.Graph([("a", "b")])
    with pytest.raises(DataError, match="1 entries are missing, in 'a'"):
        to_bayesian_network(graph, frame)
    model = to_bayesian_network(graph, as_dataset(frame, missing="state"))
    assert model.get_cpds("a").state_names["a"] == ["x", "y", "missing"]
    assert model.nodes["a"]["n_samples"] == 4
    never = pd.DataFrame({"a": ["x", None, "y"], "b": [None, "1", None]})
    with pytest.raises(DataError, match="no row of the table is complete in"):
        to_bayesian_network(graph, as_dataset(never, missing="testwise"))


def test_a_forest_is_directed_from_its_roots():
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (20, 7)), columns=list("abcdefg"))
    forest = nx.Graph([("a", "b"), ("b", "c"), ("c", "d"), ("e", "f")])
    forest.add_node("g")
    model = to_bayesian_network(forest, frame, root="d")
    # f and e have one edge each, so e, the first by name, is the root of their tree.
    assert set(model.edges) == {("d", "c"), ("c", "b"), ("b", "a"), ("e", "f")}
    assert list(model) == list(forest)
    # b and c have two edges each.
    assert set(to_bayesian_network(forest, frame).edges) == {
        ("b", "a"),
        ("b", "c"),
        ("c", "d"),
        ("e", "f"),
    }


def test_all_directions_of_a_forest_describe_one_distribution(inference):
    # Without a prior this holds exactly, so the prior is made small.
    frame = table()
    names = list(frame)
    forest = nx.Graph([(names[0], names[1]), (names[1], names[2])])
    answers = []
    for root in names[:3]:
        model = to_bayesian_network(forest, frame, root=root, equivalent_sample_size=1e-9)
        asked = inference.VariableElimination(model).query(names[:3], show_progress=False)
        axes = [asked.variables.index(v) for v in names[:3]]
        answers.append(asked.values.transpose(axes))
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-8)
    np.testing.assert_allclose(answers[0], answers[2], atol=1e-8)


def test_a_cpdag_goes_through_a_consistent_extension():
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 2, (20, 4)), columns=list("abcd"))
    cpdag = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d")])
    assert set(to_bayesian_network(cpdag, frame).edges) == set(cpdag.edges)
    chain = nx.Graph([("a", "b"), ("b", "c")]).to_directed()
    model = to_bayesian_network(chain, frame)
    assert model.check_model() and model.number_of_edges() == 2
    assert len(list(model.predecessors("b"))) < 2
    with pytest.raises(DataError, match="no consistent extension"):
        to_bayesian_network(nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a")]), frame)


@pytest.mark.parametrize("column", [["x"] * 4, [True] * 4])
def test_single_nodes_and_constant_columns(inference, column):
    frame = pd.DataFrame({"a": column, "b": [0, 0, 0, 1]})
    one = nx.Graph()
    one.add_node("b")
    assert to_bayesian_network(one, frame).check_model()
    model = to_bayesian_network(nx.Graph([("a", "b")]), frame, root="a")
    assert model.check_model()
    answer = inference.VariableElimination(model).query(["a"], show_progress=False)
    assert answer.values.tolist() == [1.0]


def test_the_result_does_not_depend_on_the_order_of_columns_or_edges():
    frame = table()
    names = list(frame)
    edges = [(names[0], names[2]), (names[1], names[2])]
    one = to_bayesian_network(nx.DiGraph(edges), frame)
    other = to_bayesian_network(nx.DiGraph(edges[::-1]), frame[names[::-1]])
    assert one.get_cpds(names[2]).variables == other.get_cpds(names[2]).variables
    np.testing.assert_array_equal(one.get_cpds(names[2]).values, other.get_cpds(names[2]).values)


def test_continuous_columns_are_regressed_on_their_parents():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 500))
    frame = pd.DataFrame({"a": a, "b": b, "c": 1 + 2 * a - 3 * b + 0.5 * rng.normal(size=500)})
    frame.loc[:49, "a"] = np.nan
    model = to_bayesian_network(
        nx.DiGraph([("a", "c"), ("b", "c")]), as_dataset(frame, missing="testwise")
    )
    assert model.check_model()
    kept = frame.dropna()
    design = np.column_stack([np.ones(450), kept["a"], kept["b"]])
    # The normal equations, by hand.
    expected = np.linalg.solve(design.T @ design, design.T @ kept["c"])
    cpd = model.get_cpds("c")
    np.testing.assert_allclose(cpd.beta, expected)
    residuals = kept["c"] - design @ expected
    assert cpd.std == pytest.approx(np.sqrt((residuals**2).sum() / 447))
    assert model.get_cpds("a").beta == pytest.approx(kept["a"].mean())
    assert model.get_cpds("b").std == pytest.approx(frame["b"].std())
    assert [model.nodes[v]["n_samples"] for v in "abc"] == [450, 500, 450]
    assert len(model.to_joint_gaussian()[0]) == 3
    with pytest.raises(DataError, match="in 2 rows; a regression on 1 parents needs at least 3"):
        to_bayesian_network(nx.DiGraph([("a", "b")]), frame[["a", "b"]].iloc[-2:])


def test_continuous_columns_beside_discrete_ones_are_binned_with_a_warning():
    rng = np.random.default_rng(4)
    size, weight = rng.normal(size=(2, 256)).cumsum(axis=0)
    frame = pd.DataFrame(
        {
            "stage": np.where(size + rng.normal(size=256) > 0, "II", "I"),
            "size": size,
            "weight": weight,
            "alone": rng.normal(size=256),
        }
    )
    dag = nx.DiGraph([("stage", "weight"), ("size", "weight")])
    message = (
        r"^a Bayesian network .* discrete columns only, so 2 continuous .* binned by quantiles "
        r"\('weight', 'size'\); use mistruct\.discretize to bin them otherwise$"
    )
    with pytest.warns(MistructWarning, match=message) as caught:
        model = to_bayesian_network(dag, frame)
    assert [w.filename for w in caught] == [__file__]  # it points at the call
    assert model.check_model() and set(model.edges) == set(dag.edges)
    # The fourth root of 256 is 4, and no two values are equal, so 64 rows fall into each bin.
    binned = frame.drop(columns="alone")
    for name in ("size", "weight"):
        bins = np.array(model.get_cpds(name).state_names[name])
        assert len(bins) == 4
        binned[name] = bins[(frame[name].rank().astype(int) - 1) // 64]
    assert_tables_are_the_posterior(model, binned, 5.0)
    assert model.get_cpds("stage").state_names["stage"] == ["I", "II"]
    # Those that are binned beforehand need no warning, and make the same model.
    for cpd in to_bayesian_network(dag, discretize(frame)).cpds:
        assert cpd == model.get_cpds(cpd.variable)


def test_the_kinds_of_the_nodes_decide_and_not_those_of_the_table():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "c": [0, 1] * 30})
    regressions = to_bayesian_network(nx.Graph([("a", "b")]), frame)  # without a warning
    assert [type(cpd).__name__ for cpd in regressions.cpds] == ["LinearGaussianCPD"] * 2
    one_node = nx.empty_graph(["c"])
    assert to_bayesian_network(one_node, frame).get_cpds("c").values.tolist() == [0.5, 0.5]


def test_bad_input():
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 3, (20, 4)), columns=list("abcd"))
    with pytest.raises(DataError, match=r"if it is a forest, but 'a', 'b', 'c' form a cycle"):
        to_bayesian_network(nx.Graph([("a", "b"), ("b", "c"), ("c", "a")]), frame)
    long = frame.rename(columns={"a": "subtype"})
    with pytest.raises(DataError, match=r"1 of 2 nodes .* 'subtipe'; did you mean 'subtype'\?"):
        to_bayesian_network(nx.Graph([("subtipe", "b")]), long)
    star = nx.DiGraph([("a", "d"), ("b", "d"), ("c", "d")])
    with pytest.raises(DataError, match=r"the table of 'd' .* 81 cells, more than max_cells=80"):
        to_bayesian_network(star, frame, max_cells=80)
    assert to_bayesian_network(star, frame, max_cells=81).check_model()
    forest = nx.Graph([("a", "b")])
    with pytest.raises(ParameterError, match="root: there is no node 'c'"):
        to_bayesian_network(forest, frame, root="c")
    with pytest.raises(ParameterError, match="root directs undirected forests"):
        to_bayesian_network(star, frame, root="a")
    for size in (0, -1, True, float("nan"), float("inf"), "many"):
        with pytest.raises(ParameterError, match="equivalent_sample_size must be a positive"):
            to_bayesian_network(forest, frame, equivalent_sample_size=size)
    with pytest.raises(ParameterError, match="max_cells must be a whole number"):
        to_bayesian_network(forest, frame, max_cells=0)
    with pytest.raises(DataError, match="the graph has no nodes"):
        to_bayesian_network(nx.Graph(), frame)
    with pytest.raises(DataError, match="one is 3"):
        to_bayesian_network(nx.Graph([(3, "a")]), frame)
    with pytest.raises(DataError, match="multigraph"):
        to_bayesian_network(nx.MultiGraph([("a", "b")]), frame)
    with pytest.raises(DataError, match="'a' has an edge to itself"):
        to_bayesian_network(nx.Graph([("a", "a")]), frame)
    with pytest.raises(DataError, match="graph must be a networkx graph, got str"):
        to_bayesian_network("graph", frame)


@pytest.mark.parametrize(("x_unit", "y_unit"), [(1e300, 1e300), (1e-300, 1e-300), (1e150, 1e-150)])
def test_a_regression_in_extreme_units(x_unit, y_unit):
    """The coefficients are those of plain units, in the units of the columns."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    y = 2.0 * x + rng.normal(size=60) + 3.0
    dag = nx.DiGraph([("x", "y")])
    plain = to_bayesian_network(dag, pd.DataFrame({"x": x, "y": y})).get_cpds("y")
    table = pd.DataFrame({"x": x * x_unit, "y": y * y_unit})
    found = to_bayesian_network(dag, table).get_cpds("y")
    units = np.array([y_unit, y_unit / x_unit])
    np.testing.assert_allclose(np.asarray(found.beta) / units, plain.beta, rtol=1e-10)
    assert found.std / y_unit == pytest.approx(plain.std, rel=1e-10)


def test_a_regression_beyond_floats_is_refused():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": 1e-200 * rng.normal(size=60), "y": 1e200 * rng.normal(size=60)})
    with pytest.raises(DataError, match=r"coefficients that float64 holds, got .*change the units"):
        to_bayesian_network(nx.DiGraph([("x", "y")]), table)
