r"""Trainable networks: an encoder with critics that measure the information of its output.

Each has `encode`, which is what remains after training; `loss`, which a step lowers; and `bound`,
what the critics certify on rows, in nats. The loss is the negative bound, and in `InfoMax` a game
against a prior.
"""

from __future__ import annotations

import copy
import math
from typing import Any

from mistruct.errors import ParameterError
from mistruct.neural import bounds
from mistruct.neural.critics import Separable
from mistruct.neural.torch_backend import torch


class InfoMax(torch.nn.Module):
    """Encoder of rows, trained for information about the whole row and its places."""

    def __init__(self, encoder: Any, shape: tuple[int, ...], settings: Any) -> None:
        super().__init__()
        n, k = settings.n_hidden, settings.n_components
        self.encoder, self.settings = choose_encoder(encoder, shape, settings), settings
        self.places: Any
        if len(shape) == 1:
            self.places, d = Columns(shape[0], n), n
        else:
            self.places, d = Patches(settings.patch_size), shape[0] * settings.patch_size**2
        self.of_whole = Separable(math.prod(shape), k, n)
        self.of_place = Separable(d, k, n)
        self.of_prior = torch.nn.Sequential(
            torch.nn.Linear(k, n), torch.nn.ReLU(), torch.nn.Linear(n, 1)
        )

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """The embedding, shape (n, n_components)."""
        return self.encoder(x)

    def bound(self, x: torch.Tensor) -> torch.Tensor:
        """Weighted mean of the two terms, in nats."""
        settings = self.settings
        found = self._terms(x, self.encoder(x))
        found = found / (settings.global_weight + settings.local_weight)
        return found if settings.objective == "infonce" else (found + math.log(4)) / 2

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Loss of a batch."""
        code = self.encoder(x)
        loss = -self._terms(x, code)
        if self.settings.prior_weight:
            softplus = torch.nn.functional.softplus
            drawn = torch.randn(code.shape).to(code)  # on the CPU, whose numbers are seeded
            real, found = self.of_prior(drawn), self.of_prior(Against.apply(code))
            game = softplus(-real).mean() + softplus(found).mean()
            loss = loss + self.settings.prior_weight * game
        return loss

    def _terms(self, x: Any, code: Any) -> Any:
        settings, total = self.settings, 0.0
        objective = bounds.infonce if settings.objective == "infonce" else bounds.jsd
        if settings.global_weight:
            total = settings.global_weight * objective(self.of_whole(x.flatten(1), code))
        if settings.local_weight:
            places = self.places(x)
            scores = self.of_place(places.flatten(0, 1), code)
            scores = scores.unflatten(0, places.shape[:2]).transpose(0, 1)
            total = total + settings.local_weight * objective(scores).mean()
        return total


class Predictive(torch.nn.Module):
    """Encoder of frames, and a context of past frames trained to predict future ones."""

    def __init__(self, encoder: Any, n_channels: int, settings: Any) -> None:
        super().__init__()
        k, frame = settings.n_components, (n_channels, settings.frame_length)
        self.encoder, self.settings = choose_encoder(encoder, frame, settings), settings
        self.context = torch.nn.GRU(k, k, batch_first=True)
        self.ahead = torch.nn.Linear(k, settings.horizon * k, bias=False)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        """The context at the end of each series, shape (n, n_components)."""
        return self.context(self._frames(x))[0][:, -1]

    def bound(self, x: torch.Tensor) -> torch.Tensor:
        """InfoNCE, the mean over steps ahead of the mean over times."""
        frames, k = self._frames(x), self.settings.n_components
        expected = self.ahead(self.context(frames)[0]).unflatten(-1, (-1, k))
        found = []
        for step in range(1, self.settings.horizon + 1):
            of_context, of_frame = expected[:, :-step, step - 1], frames[:, step:]
            scores = of_context.transpose(0, 1) @ of_frame.permute(1, 2, 0)
            found.append(bounds.infonce(scores).mean())
        return torch.stack(found).mean()

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Loss of a batch."""
        return -self.bound(x)

    def _frames(self, x: Any) -> Any:
        """Codes of the frames, shape (n, n_frames, n_components); the last ends with the series."""
        length = self.settings.frame_length
        frames = x[..., x.shape[-1] % length :].unfold(-1, length, length).transpose(1, 2)
        return self.encoder(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])


class Columns(torch.nn.Module):
    """Layer with separate units for each column of a table, shape (n, d, n_hidden)."""

    def __init__(self, d: int, n_hidden: int) -> None:
        super().__init__()
        self.slope = torch.nn.Parameter(torch.randn(d, n_hidden))
        self.level = torch.nn.Parameter(torch.randn(d, n_hidden))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Output for rows of shape (n, d)."""
        return torch.relu(x.unsqueeze(-1) * self.slope + self.level)


class Patches(torch.nn.Module):
    """Layer that cuts images into overlapping squares, shape (n, n_patches, d)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.cut = torch.nn.Unfold(size, stride=max(1, size // 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Output for images of shape (n, channels, height, width)."""
        return self.cut(x).transpose(1, 2)


class Against(torch.autograd.Function):
    """Identity that reverses the gradient: layers below it are trained against those above."""

    @staticmethod
    def forward(_: Any, x: torch.Tensor) -> torch.Tensor:
        """Return the input."""
        return x.view_as(x)

    @staticmethod
    def backward(_: Any, gradient: torch.Tensor) -> torch.Tensor:
        """Return the negative gradient."""
        return -gradient


def choose_encoder(encoder: Any, shape: tuple[int, ...], settings: Any) -> Any:
    """Make the default encoder, or copy the caller's and check that it maps (n, *shape)."""
    n, k = settings.n_hidden, settings.n_components
    if encoder is None:
        return _convolutions(shape, n, k) if len(shape) == 3 else _layers(math.prod(shape), n, k)
    if not isinstance(encoder, torch.nn.Module):
        raise ParameterError(f"encoder must be a torch.nn.Module or None, got {encoder!r}")
    encoder = copy.deepcopy(encoder).eval()
    with torch.no_grad():
        found = encoder(torch.zeros(3, *shape, device=device_of(encoder)))
    got = tuple(getattr(found, "shape", ())) or type(found).__name__
    if got != (3, k):
        raise ParameterError(
            f"encoder must give n_components={k} numbers a row: of an input of shape {(3, *shape)} "
            f"an output of shape {(3, k)}, got {got}"
        )
    return encoder


def device_of(network: Any) -> Any:
    """Device of the parameters of a network."""
    parameter = next(network.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def _layers(d: int, n_hidden: int, n_components: int) -> Any:
    return torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(d, n_hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(n_hidden, n_hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(n_hidden, n_components),
    )


def _convolutions(shape: tuple[int, ...], n_hidden: int, n_components: int) -> Any:
    """Two convolutions, of which the second halves the sides."""
    first, second = max(1, n_hidden // 4), max(1, n_hidden // 2)
    height, width = ((side + 1) // 2 for side in shape[1:])
    return torch.nn.Sequential(
        torch.nn.Conv2d(shape[0], first, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(first, second, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(second * height * width, n_components),
    )
