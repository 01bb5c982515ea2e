"""Linear layers that learn with the rounding of int8 arithmetic, so that they say the same when they are computed in it
(Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference").

What comes in is rounded to 256 steps of one size for the whole layer, which is learnt (Esser et al. 2020, "Learned Step
Size Quantization") and does not depend on what else is read at the same time. A column of weights is rounded to 127
steps: with seven bits no processor's int8 products overflow, whichever instructions it has.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

STEPS = 255  # of what comes in
LARGEST = 63  # of a weight, either way
_COMMON = 0.9999  # the share of what comes in that is to fit between the first and the last step
_LEAST = 1e-8


class RoundedLinear(nn.Linear):
    """A linear layer that rounds once `rounds` is set. `step`: the size of a step; `zero`: which of them is nought."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.step = nn.Parameter(torch.ones(1))
        self.zero: Tensor
        self.rounds: Tensor
        self.register_buffer("zero", torch.zeros(1))
        self.register_buffer("rounds", torch.tensor(False))

    def forward(self, given: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs)."""
        if not self.rounds:
            return functional.linear(given, self.weight, self.bias)
        rounded = torch._fake_quantize_learnable_per_tensor_affine(
            given.float(), self.width, self.zero, 0, STEPS, (given.numel() * STEPS) ** -0.5
        )
        exact = self.weight.detach()
        none = torch.zeros(len(exact), dtype=torch.int32)
        weight = torch.fake_quantize_per_channel_affine(exact, column_steps(exact), none, 0, -LARGEST, LARGEST)
        return functional.linear(rounded, self.weight + (weight - exact), self.bias)

    @property
    def width(self) -> Tensor:
        """The size of a step, never nought."""
        return self.step.abs() + _LEAST


def column_steps(weight: Tensor) -> Tensor:
    """(outputs,): the size of a step of what leads to each output, for `weight` (outputs, inputs)."""
    return weight.abs().amax(1).clamp(min=_LEAST) / LARGEST


def begin(model: nn.Module, read: Callable[[], object]) -> None:
    """Sets the steps of `model`'s rounded layers from what comes in while `read` lets it read, and lets them round."""
    layers = [layer for layer in model.modules() if isinstance(layer, RoundedLinear)]
    seen: dict[nn.Module, list[tuple[float, float]]] = {layer: [] for layer in layers}

    def look(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        numbers = inputs[0].detach().float().flatten()
        usual = numbers.abs().kthvalue(int(_COMMON * len(numbers))).values
        seen[layer].append((usual.item(), -min(0.0, numbers.min().item())))

    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    with torch.no_grad():
        read()
    for hook in hooks:
        hook.remove()
    for layer in layers:
        most, below = (max(found) for found in zip(*seen[layer], strict=True))
        below = min(most, below)
        step = (most + below) / STEPS
        layer.step.data.fill_(step)
        layer.zero.fill_(round(below / step))
        layer.rounds.fill_(True)
