"""What the encoders share: scikit-learn, what they refuse, seeds, and files."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from anndata import AnnData
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import mistruct as ms

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(60, 1)) + RNG.normal(size=(60, 4))
IMAGES = RNG.normal(size=(60, 1, 1)) + RNG.normal(size=(60, 5, 6))
COLOURED = RNG.normal(size=(60, 3, 5, 6))
SERIES = RNG.normal(size=(60, 12)).cumsum(axis=1)
CHANNELS = RNG.normal(size=(60, 12, 2)).cumsum(axis=1)

QUICK: dict[str, Any] = {"n_components": 3, "n_hidden": 8, "batch_size": 16, "n_steps": 20}


def info_max(**parameters: Any) -> ms.DeepInfoMax:
    return ms.DeepInfoMax(**QUICK | parameters)


def predictive(**parameters: Any) -> ms.ContrastivePredictiveCoding:
    return ms.ContrastivePredictiveCoding(**QUICK | {"frame_length": 2, "horizon": 2} | parameters)


EVERY = [
    pytest.param(info_max, TABLE, id="table"),
    pytest.param(info_max, IMAGES, id="images"),
    pytest.param(info_max, COLOURED, id="coloured"),
    pytest.param(predictive, SERIES, id="series"),
    pytest.param(predictive, CHANNELS, id="channels"),
]


@parametrize_with_checks(
    [
        ms.DeepInfoMax(n_components=2, n_hidden=4, batch_size=4, n_steps=2),
        ms.ContrastivePredictiveCoding(
            n_components=2, frame_length=1, horizon=1, n_hidden=4, batch_size=4, n_steps=2
        ),
    ],
    expected_failed_checks=lambda estimator: (
        {"check_fit2d_1feature": "nothing comes after one point in time, and the message says so"}
        if isinstance(estimator, ms.ContrastivePredictiveCoding)
        else {}
    ),
)
def test_scikit_learns_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(("make", "x"), EVERY)
def test_a_seed_gives_one_embedding_and_touches_nothing_else(make: Any, x: np.ndarray) -> None:
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first, second, other = make().fit(x), make().fit(x), make(seed=1).fit(x)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert first.transform(x).shape == (60, 3)
    np.testing.assert_array_equal(first.transform(x), second.transform(x))
    assert first.bound_ == second.bound_
    assert first.score(x) == second.score(x)
    assert not np.allclose(first.transform(x), other.transform(x))


@pytest.mark.parametrize(("make", "x"), EVERY)
def test_units_of_the_input_do_not_matter(make: Any, x: np.ndarray) -> None:
    found = make().fit(x).transform(x)
    other = 1024.0 * x - 512.0
    np.testing.assert_allclose(make().fit(other).transform(other), found, atol=1e-3)


@pytest.mark.parametrize(("make", "x"), EVERY)
def test_a_file_gives_back_the_same(make: Any, x: np.ndarray, tmp_path: Path) -> None:
    model = make().fit(x)
    model.save(tmp_path / "model.safetensors")
    found = type(model).load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(found.transform(x), model.transform(x))
    assert found.score(x) == model.score(x)
    assert found.get_params() == model.get_params()
    for name in ("bound_", "n_steps_", "shape_", "n_features_in_"):
        assert getattr(found, name) == getattr(model, name)


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mistruct.neural import storage

    path = tmp_path / "model.safetensors"
    info_max().fit(TABLE).save(path)
    before = path.read_bytes()

    def half(_: Any, file: Path, __: Any) -> None:
        file.write_bytes(before[: len(before) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save_file", half)
    with pytest.raises(ms.DataError, match=r"^cannot write .*: No space left on device$"):
        info_max(seed=1).fit(TABLE).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_names_of_columns_come_back_from_a_file(tmp_path: Path) -> None:
    table = pd.DataFrame(TABLE, columns=["a", "b", "c", "d"])
    info_max().fit(table).save(tmp_path / "model")
    found = ms.DeepInfoMax.load(tmp_path / "model")
    assert list(found.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match="feature names should match"):
        found.transform(table.rename(columns={"a": "z"}))


@pytest.mark.filterwarnings("ignore:.*Transforming to str index.*")
def test_every_kind_of_table_gives_the_same() -> None:
    frame = pd.DataFrame(TABLE.copy(), columns=["a", "b", "c", "d"])
    expected = info_max().fit(TABLE).transform(TABLE)
    for table in (
        frame,
        ms.as_dataset(frame),
        pl.DataFrame(frame),
        pa.Table.from_pandas(frame),
        AnnData(frame),
        TABLE.tolist(),
    ):
        np.testing.assert_array_equal(info_max().fit(table).transform(table), expected)


def test_a_constant_says_nothing() -> None:
    x = TABLE.copy()
    x[:, 1] = 0.1  # no number of the machine, so the mean of many is another
    model = info_max().fit(x)
    assert model.scale_[1] == 1.0
    assert np.isfinite(model.transform(x)).all()
    model = predictive().fit(np.zeros((60, 12)))
    assert model.bound_ == pytest.approx(0.0, abs=1e-6)  # all series are alike


def test_numbers_of_numpy_are_parameters_of_a_file(tmp_path: Path) -> None:
    info_max(seed=np.int64(3), prior_weight=np.float32(0.5)).fit(TABLE).save(tmp_path / "model")
    assert ms.DeepInfoMax.load(tmp_path / "model").get_params()["prior_weight"] == 0.5


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    info_max().fit(TABLE).save(path)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, never)
    monkeypatch.setattr(torch, "load", never)
    ms.DeepInfoMax.load(path)
    with path.open("wb") as file:
        pickle.dump({"weights": [1.0]}, file)
    with pytest.raises(ms.DataError, match="no safetensors file, or damaged"):
        ms.DeepInfoMax.load(path)


def changed(path: Path, **changes: Any) -> None:
    """Let a file say something else of its contents."""
    with safetensors.safe_open(path, "pt") as file:
        about = json.loads(file.metadata()["mistruct"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    tensors |= changes.pop("tensors", {})
    about |= changes
    safetensors.save_file(tensors, path, {"mistruct": json.dumps(about)})


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    info_max().fit(TABLE).save(path)
    whole = path.read_bytes()
    cannot = f"^cannot read {str(path)!r}: "
    with pytest.raises(ms.DataError, match=cannot + "it holds a DeepInfoMax, so DeepInfoMax.load"):
        ms.ContrastivePredictiveCoding.load(path)
    for part in (whole[:-8], whole[:20], b"", b"\x00" * 200, whole[:40] + b"\xff" + whole[41:]):
        path.write_bytes(part)
        with pytest.raises(ms.DataError, match=cannot):
            ms.DeepInfoMax.load(path)
    path.write_bytes(whole)
    changed(path, format=2)
    with pytest.raises(ms.DataError, match=cannot + "its format is 2, and this version reads 1$"):
        ms.DeepInfoMax.load(path)
    for damage in (
        {"parameters": {"speed": 3}},
        {"parameters": [1]},
        {"parameters": {"n_components": 0}},
        {"parameters": QUICK | {"n_hidden": 9}},
        {"fitted": {}},
        {"fitted": {"shape": [], "n_steps": 0, "bound": 0.0}},
        {"fitted": {"shape": [5], "n_steps": 0, "bound": 0.0}},
        {"tensors": {"network.more": torch.zeros(1)}},
    ):
        path.write_bytes(whole)
        changed(path, **damage)
        with pytest.raises(ms.DataError, match=cannot + "it is damaged"):
            ms.DeepInfoMax.load(path)
    safetensors.save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ms.DataError, match=cannot + "it was not written by mistruct$"):
        ms.DeepInfoMax.load(path)
    with pytest.raises(ms.DataError, match=r"^cannot read .*nowhere"):
        ms.DeepInfoMax.load(tmp_path / "nowhere")


def linear(d: int, k: int = 3) -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(d, k))


@pytest.mark.parametrize(
    ("make", "x", "d"),
    [(info_max, IMAGES, 30), (predictive, CHANNELS, 4)],
    ids=["images", "frames"],
)
def test_an_encoder_of_your_own(make: Any, x: np.ndarray, d: int, tmp_path: Path) -> None:
    mine = linear(d)
    weights = [p.clone() for p in mine.parameters()]
    model = make(encoder=mine, n_steps=60).fit(x)
    assert all(torch.equal(a, b) for a, b in zip(weights, mine.parameters(), strict=True))
    assert isinstance(model.encoder_, torch.nn.Sequential)
    assert not torch.equal(model.encoder_[1].weight, mine[1].weight)
    model.save(tmp_path / "model")
    found = type(model).load(tmp_path / "model", encoder=linear(d))
    np.testing.assert_array_equal(found.transform(x), model.transform(x))
    clone(model).fit(x)
    with pytest.raises(ms.ParameterError, match=r"^encoder must be the Sequential .* got None$"):
        type(model).load(tmp_path / "model")
    with pytest.raises(ms.ParameterError, match=r"^encoder must be the Seq.* do not fit Seq"):
        type(model).load(tmp_path / "model", encoder=torch.nn.Sequential(*linear(d), linear(3)))
    make().fit(x).save(tmp_path / "model")
    with pytest.raises(ms.ParameterError, match=r"^encoder must be None, since the default was"):
        type(model).load(tmp_path / "model", encoder=linear(d))


def test_an_encoder_of_the_wrong_output_shape_is_refused() -> None:
    said = r"^encoder must give n_components=3 .* \(3, 1, 5, 6\) .* \(3, 3\), got \(3, 2\)$"
    with pytest.raises(ms.ParameterError, match=said):
        info_max(encoder=linear(30, 2)).fit(IMAGES)
    with pytest.raises(ms.ParameterError, match=r"shape \(3, 2, 2\) .*, got \(3, 4\)$"):
        predictive(encoder=torch.nn.Flatten()).fit(CHANNELS)
    with pytest.raises(ms.ParameterError, match=r"got \(3, 1, 5, 6\)$"):
        info_max(encoder=torch.nn.Identity()).fit(IMAGES)
    with pytest.raises(ms.ParameterError, match=r"^encoder must be a torch.nn.Module .* got 'a'$"):
        info_max(encoder="a").fit(IMAGES)


@pytest.mark.parametrize(("make", "x"), EVERY)
def test_bad_rows_are_refused(make: Any, x: np.ndarray, tmp_path: Path) -> None:
    make().fit(x[:20])  # of which 16 are a batch
    with pytest.raises(ms.DataError, match=r"batch_size=17 or more, but 20 rows leave 16$"):
        make(batch_size=17).fit(x[:20])
    with pytest.raises(ms.DataError, match=r"needs at least 10 rows, got n_samples = 9$"):
        make(batch_size=2).fit(x[:9])
    holed = x.copy()
    holed.flat[5] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        make().fit(holed)
    for call in ("transform", "score"):
        with pytest.raises(NotFittedError):
            getattr(make(), call)(x)
    with pytest.raises(NotFittedError):
        make().save(tmp_path / "model")
    model = make().fit(x)
    with pytest.raises(ValueError, match=r"^X (must have rows of shape|has \d+ features)"):
        model.transform(x[..., 1:])
    with pytest.raises(ms.DataError, match=r"^X must have rows of shape|^X must be an array"):
        model.transform(x[..., np.newaxis])
    with pytest.raises(ValueError, match="contains NaN"):
        model.transform(holed)
    with pytest.raises(ms.DataError, match=r"^X must have two rows or more to compare, got 1$"):
        model.score(x[:1])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        make().fit(x.ravel())


def test_the_number_of_dimensions_is_checked() -> None:
    with pytest.raises(ms.DataError, match=r"^X must be an array of 2 to 4 dimensions, got 5$"):
        info_max().fit(COLOURED[..., np.newaxis])
    with pytest.raises(ms.DataError, match=r"^X must be an array of 2 to 3 dimensions, got 4$"):
        predictive().fit(COLOURED)


def test_missing_entries_of_a_table_are_named() -> None:
    table = pd.DataFrame(TABLE.copy(), columns=["a", "b", "c", "d"])
    table.loc[3, "b"] = np.nan
    with pytest.raises(ms.DataError, match=r"^1 entries are missing, in 'b' \(1\)$"):
        info_max().fit(table)


def test_a_series_shorter_than_the_horizon_is_refused() -> None:
    predictive(horizon=5).fit(SERIES)
    said = r"^a series must have at least 14 points .* horizon=6 more, got 12$"
    with pytest.raises(ms.DataError, match=said):
        predictive(horizon=6).fit(SERIES)


def test_a_patch_larger_than_the_image_is_refused() -> None:
    info_max(patch_size=5).fit(IMAGES)
    with pytest.raises(ms.ParameterError, match=r"^patch_size must be at most .*, 5, got 6$"):
        info_max(patch_size=6).fit(IMAGES)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        *((make, {name: 0}) for make in (info_max, predictive) for name in QUICK),
        *((make, {"seed": -1}) for make in (info_max, predictive)),
        *((make, {"max_seconds": value}) for make in (info_max, predictive) for value in (0, "1")),
        (info_max, {"objective": "mine"}),
        (info_max, {"global_weight": -1.0}),
        (info_max, {"local_weight": np.nan}),
        (info_max, {"prior_weight": np.inf}),
        (info_max, {"patch_size": 1.5}),
        (predictive, {"frame_length": 0}),
        (predictive, {"horizon": 0}),
    ],
)
def test_parameters_are_checked(make: Any, parameters: dict[str, Any]) -> None:
    with pytest.raises(ms.ParameterError, match=f"^{next(iter(parameters))} must be "):
        make(**parameters).fit(TABLE)


def test_a_time_that_is_up_ends_training() -> None:
    model = info_max(max_seconds=1e-9, n_steps=1000).fit(TABLE)
    assert model.n_steps_ == 0


def test_parameters_that_change_wait_for_the_next_fit() -> None:
    model = info_max(objective="infonce").fit(TABLE)
    score = model.score(TABLE)
    assert model.set_params(objective="jsd", global_weight=3.0).score(TABLE) == score


def test_embeddings_go_into_learners_and_selectors() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    x = rng.normal(size=(400, 6)) + 2 * y[:, np.newaxis]
    model = ms.DeepInfoMax(4, n_hidden=32, batch_size=64, n_steps=150)
    embedding = model.fit(x).transform(x)
    assert ms.ChowLiu(alpha=0.01).fit(embedding).graph_.number_of_nodes() == 4
    assert ms.PC(test="copula").fit(embedding).graph_.number_of_nodes() == 4
    ms.InformationSelector(n_features=1).fit(embedding, y)

    frame = model.set_output(transform="pandas").transform(x)
    names = [f"deepinfomax{i}" for i in range(4)]
    assert list(frame.columns) == list(model.get_feature_names_out()) == names
    assert set(ms.ChowLiu().fit(frame).graph_) == set(names)
    assert set(ms.PC(test="copula").fit(frame).graph_) == set(names)
    selector = ms.InformationSelector(n_features=1).fit(frame, pd.Series(y, name="class"))
    (chosen,) = selector.get_feature_names_out()
    assert chosen in names
    assert ms.mutual_information(frame[chosen], y) > 0.2  # of log 2

    pipeline = make_pipeline(clone(model), StandardScaler(), ms.InformationSelector(n_features=2))
    assert pipeline.fit_transform(x, y).shape == (400, 2)
