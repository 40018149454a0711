"""Base class of the encoders: methods of scikit-learn around a network, and files.

A subclass names the parameters and says how rows become input of the network; torch is imported
once something is fitted or loaded.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from numbers import Real
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mistruct._typing import Floats
from mistruct.data.numbers import checked_by, read_numbers
from mistruct.errors import DataError, ParameterError, check_count

Points = NDArray[np.float32]


class Representation(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base class of the encoders, which learn embeddings of rows without a target."""

    n_components: int
    encoder: Any
    batch_size: int
    n_hidden: int
    n_steps: int
    max_seconds: float | None
    seed: int

    _most_dimensions: int

    @abstractmethod
    def _check(self) -> None:
        """Raise ParameterError unless all parameters obey their rules."""

    @abstractmethod
    def _input(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Convert rows to inputs of the network, with channels before time or space."""

    @abstractmethod
    def _make(self, shape: tuple[int, ...], encoder: Any, settings: Any) -> Any:
        """Make the network for inputs of shape (n, *shape), with a copy of a given encoder.

        Settings are the parameters as they are now: a later `set_params` is for a later `fit`.
        """

    def fit(self, X: Any, y: None = None) -> Self:
        """Train the encoder.

        Parameters
        ----------
        X : array or table
            The rows; see the class for the shapes.
        y : None
            Not used.

        Returns
        -------
        self
        """
        from mistruct.neural.encoding import train
        from mistruct.neural.training import torch_set_apart

        self._check_common()
        rows = self._input(self._read(X, reset=True))
        # Each column has a mean and a scale, or each channel where columns are ordered.
        axes = (0, *range(2, rows.ndim))
        self.mean_ = rows.mean(axis=axes, keepdims=True)[0]
        scale = rows.std(axis=axes, keepdims=True)[0]
        # Of a constant, rounding leaves some.
        varies = scale > 10 * np.finfo(float).eps * np.abs(self.mean_)
        self.scale_ = np.where(varies, scale, 1.0)
        with torch_set_apart():
            self._build()
            self.n_steps_, self.bound_ = train(self._network, self._scaled(rows), self)
        return self

    def transform(self, X: Any) -> Floats:
        """The embeddings, shape (n_samples, n_components)."""
        points = self._points(X)
        from mistruct.neural.encoding import encode

        return encode(self._network, points)

    def score(self, X: Any, y: None = None) -> float:
        """Bound on these rows in nats; unbiased for rows that were not fitted.

        Rows are compared within batches of `batch_size`, or all of them where they are fewer; what
        is left over after the last batch is not used.
        """
        points = self._points(X)
        from mistruct.neural.encoding import evaluate

        if len(points) < 2:
            raise DataError(f"X must have two rows or more to compare, got {len(points)}")
        return evaluate(self._network, points, self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted encoder to a file of safetensors, with its parameters as JSON.

        Of an encoder of your own the weights are stored, and `load` needs the module again.

        Parameters
        ----------
        path : str or path
            The file, which is replaced once all is written.
        """
        check_is_fitted(self)
        from mistruct.neural.storage import write
        from mistruct.neural.torch_backend import torch

        parameters = self.get_params(deep=False)
        of = parameters.pop("encoder")
        fitted = {"shape": self.shape_, "n_steps": self.n_steps_, "bound": self.bound_}
        if hasattr(self, "feature_names_in_"):
            fitted["names"] = self.feature_names_in_.tolist()
        tensors = {f"network.{name}": t for name, t in self._network.state_dict().items()}
        tensors |= {name: torch.from_numpy(getattr(self, f"{name}_")) for name in ("mean", "scale")}
        about = {
            "parameters": parameters,
            "encoder": None if of is None else type(of).__qualname__,
            "fitted": fitted,
        }
        write(path, type(self).__name__, about, tensors)

    @classmethod
    def load(cls, path: str | os.PathLike[str], encoder: Any = None) -> Self:
        """Read a fitted encoder that `save` wrote.

        Parameters
        ----------
        path : str or path
            The file.
        encoder : torch.nn.Module, optional
            What was given as `encoder` before it was fitted, with any weights; needed if something
            was.

        Returns
        -------
        The encoder, of this class.

        Raises
        ------
        DataError
            The file cannot be read, is damaged, or holds something else.
        ParameterError
            The encoder is missing, or is not the one that was fitted.
        """
        from mistruct.neural.storage import read
        from mistruct.neural.training import torch_set_apart

        about, tensors = read(path, cls.__name__)
        if (about.get("encoder") is None) != (encoder is None):
            raise ParameterError(
                f"encoder must be the {about['encoder']} that was fitted, got None"
                if encoder is None
                else f"encoder must be None, since the default was fitted, got {encoder!r}"
            )
        try:
            model = cls(**about["parameters"], encoder=encoder)
            fitted = about["fitted"]
            model.shape_ = tuple(fitted["shape"])
            model.n_steps_, model.bound_ = fitted["n_steps"], fitted["bound"]
            model.mean_, model.scale_ = (tensors.pop(name).numpy() for name in ("mean", "scale"))
            model.n_features_in_ = model.shape_[0]
            if "names" in fitted:
                model.feature_names_in_ = np.array(fitted["names"], dtype=object)
            model._check_common()
        except (LookupError, TypeError, ValueError) as error:
            raise DataError(f"cannot read {os.fspath(path)!r}: it is damaged ({error})") from error
        weights = {name.removeprefix("network."): t for name, t in tensors.items()}
        try:
            with torch_set_apart():
                model._build()
            model._network.load_state_dict(weights)
        except (IndexError, RuntimeError) as error:
            if encoder is None:
                raise DataError(f"cannot read {os.fspath(path)!r}: it is damaged") from error
            raise ParameterError(
                f"encoder must be the {about['encoder']} that was fitted, but the weights do not "
                f"fit {type(encoder).__qualname__}"
            ) from error
        model._network.eval()
        return model

    def _build(self) -> None:
        from mistruct.neural.networks import device_of
        from mistruct.neural.torch_backend import default_device, torch

        torch.manual_seed(self.seed)
        shape = self._input(np.broadcast_to(np.float32(0), (1, *self.shape_))).shape[1:]
        parameters = self.get_params(deep=False)
        encoder = parameters.pop("encoder")
        network = self._make(shape, encoder, SimpleNamespace(**parameters))
        own = self.encoder is not None
        self._network = network.to(device_of(network.encoder) if own else default_device())
        self.encoder_ = network.encoder
        self._n_features_out = self.n_components

    def _points(self, X: Any) -> Points:
        check_is_fitted(self)
        return self._scaled(self._input(self._read(X, reset=False)))

    def _scaled(self, rows: NDArray[Any]) -> Points:
        return np.ascontiguousarray((rows - self.mean_) / self.scale_, dtype=np.float32)

    def _read(self, X: Any, *, reset: bool) -> Floats:
        """Read rows of a table, or of an array of more dimensions, shape (n_samples, ...)."""
        n_dimensions = np.ndim(X) if isinstance(X, list | tuple) else getattr(X, "ndim", 2)
        if n_dimensions > self._most_dimensions:
            raise DataError(
                f"X must be an array of 2 to {self._most_dimensions} dimensions, got {n_dimensions}"
            )
        if n_dimensions < 3:
            values = read_numbers(self, X, reset=reset)[1].T
        else:
            values = checked_by(
                validate_data, self, X, reset=reset, dtype=np.float64, allow_nd=True
            )
        if reset:
            self.shape_ = values.shape[1:]
        elif values.shape[1:] != self.shape_:
            raise DataError(
                f"X must have rows of shape {self.shape_}, as in fit, got {values.shape[1:]}"
            )
        return np.asarray(values)

    def _check_common(self) -> None:
        for name, least in (("n_components", 1), ("n_hidden", 1), ("batch_size", 2)):
            check_count(name, getattr(self, name), least=least)
        check_count("n_steps", self.n_steps)
        check_count("seed", self.seed, least=0)
        if self.max_seconds is not None:
            check_number("max_seconds", self.max_seconds, positive=True)
        self._check()


def check_number(name: str, value: Any, *, positive: bool = False) -> None:
    """Raise ParameterError unless `value` is a finite number of at least 0, or above it."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= float(value) < np.inf or (positive and not value):
        rule = "a positive number" if positive else "a number of at least 0"
        raise ParameterError(f"{name} must be {rule}, got {value!r}")
