"""Linear layers that learn with the rounding of int8 arithmetic, so that they say the same when they are computed in it
(Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference").

What comes in is rounded to 256 steps of one size for the whole layer, which is learnt (Esser et al. 2020, "Learned Step
Size Quantization") and does not depend on what else is read at the same time. Before, its channels are evened out, and
the weights that they meet as much the other way (Xiao et al. 2023, "SmoothQuant"), or the few loud ones would set the
step for all. A column of weights is rounded to 127 steps: with seven bits no processor's int8 products overflow,
whichever instructions it has. One weight's error is made up for by those that are rounded after it (Frantar et al.
2023, "GPTQ").
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

STEPS = 255  # of what comes in
LARGEST = 63  # of a weight, either way
_COMMON = 0.9999  # the share of what comes in that is to fit between the first and the last step
_EVENED = 0.7  # how much of the difference between channels the weights take over
_DAMPED = 0.01  # of the mean square of what comes in is added to each channel's, where errors are made up for
_QUIET, _LEAST = 1e-3, 1e-8


class RoundedLinear(nn.Linear):
    """A linear layer that rounds once `rounds` is set.

    `even` (inputs,): what each channel is multiplied by first; `step`: the size of a step; `zero`: which of them is
    nought; `columns` (outputs,): the size of a step of the weights that lead to each output.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.step = nn.Parameter(torch.ones(1))
        self.zero: Tensor
        self.columns: Tensor
        self.rounds: Tensor
        self.even: Tensor
        self.register_buffer("even", torch.ones(inputs))
        self.register_buffer("zero", torch.zeros(1))
        self.register_buffer("columns", torch.ones(outputs))
        self.register_buffer("rounds", torch.tensor(False))

    def forward(self, given: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        if not self.rounds:
            return functional.linear(given * self.even, self.weight, self.bias)
        rounded = torch._fake_quantize_learnable_per_tensor_affine(
            given.float() * self.even, self.width, self.zero, 0, STEPS, (given.numel() * STEPS) ** -0.5
        )
        exact = self.weight.detach()
        none = torch.zeros(len(exact), dtype=torch.int32)
        weight = torch.fake_quantize_per_channel_affine(exact, self.columns, none, 0, -LARGEST, LARGEST)
        return functional.linear(rounded, self.weight + (weight - exact), self.bias)

    @property
    def width(self) -> Tensor:
        """The size of a step, never nought."""
        return self.step.abs() + _LEAST


def begin(model: nn.Module, read: Callable[[], object]) -> None:
    """Evens out what comes into `model`'s rounded layers and sets their steps, from what comes in while `read` lets it
    read, and lets them round."""
    layers = [layer for layer in model.modules() if isinstance(layer, RoundedLinear)]
    for layer, seen in _watched(layers, read, lambda numbers: numbers.abs().flatten(0, -2).amax(0)):
        loudest, heaviest = torch.stack(seen).amax(0), layer.weight.detach().abs().amax(0)
        layer.even.copy_(heaviest.clamp(min=_QUIET) ** (1 - _EVENED) / loudest.clamp(min=_QUIET) ** _EVENED)
        layer.weight.data /= layer.even

    def usual(numbers: Tensor) -> Tensor:
        flat = numbers.flatten()
        return torch.stack([flat.abs().kthvalue(int(_COMMON * len(flat))).values, -flat.min().clamp(max=0)])

    for layer, seen in _watched(layers, read, usual):
        most, below = torch.stack(seen).amax(0).tolist()
        below = min(most, below)
        step = (most + below) / STEPS
        layer.step.data.fill_(step)
        layer.zero.fill_(round(below / step))
    for layer, seen in _watched(layers, read, lambda numbers: _squares(numbers.flatten(0, -2))):
        layer.columns.copy_(layer.weight.detach().abs().amax(1).clamp(min=_LEAST) / LARGEST)
        layer.weight.data = _made_up_for(layer.weight.detach(), layer.columns, torch.stack(seen).sum(0))
        layer.rounds.fill_(True)


def _squares(rows: Tensor) -> Tensor:
    exact = rows.double()  # which `torch.autocast` leaves as it is
    return exact.T @ exact


def _made_up_for(weight: Tensor, columns: Tensor, squares: Tensor) -> Tensor:
    """`weight` (outputs, inputs) in whole steps, so that the product errs little on inputs whose sum of outer products
    is `squares` (inputs, inputs)."""
    channels = len(squares)
    damped = squares + _DAMPED * squares.diagonal().mean() * torch.eye(channels, dtype=squares.dtype)
    spread = torch.linalg.cholesky(torch.linalg.inv(damped), upper=True).float()
    left, made = weight.clone(), torch.empty_like(weight)
    for at in range(channels):
        made[:, at] = torch.round(left[:, at] / columns).clamp(-LARGEST, LARGEST) * columns
        error = (left[:, at] - made[:, at]) / spread[at, at]
        left[:, at:] -= error[:, None] * spread[at, at:]
    return made


def _watched(
    layers: Sequence[RoundedLinear], read: Callable[[], object], look: Callable[[Tensor], Tensor]
) -> list[tuple[RoundedLinear, list[Tensor]]]:
    """What `look` says of what comes into each layer, channels evened out, each time that it is used by `read`."""
    seen: dict[RoundedLinear, list[Tensor]] = {layer: [] for layer in layers}

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, RoundedLinear)
        seen[layer].append(look(inputs[0].detach().float() * layer.even))

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    with torch.no_grad():
        read()
    for hook in hooks:
        hook.remove()
    return list(seen.items())
