"""Ten steps of PyTorch's optimizers on two small weights, for `tests.rs` beside this folder.

    python generate.py    # writes trajectories.safetensors here; needs torch, timm and safetensors
"""
from pathlib import Path

import torch
from safetensors.torch import save_file
from timm.optim import RMSpropTF

STEPS = 10
# Some of the gradients' norms are above it, some below.
CLIP_NORM = 5.0
torch.manual_seed(20)
start = {"matrix": torch.randn(5, 4), "vector": torch.randn(7)}
gradients = [{name: torch.randn_like(weight) for name, weight in start.items()} for _ in range(STEPS)]
rates = [0.02 * (step + 1) / 4 if step < 4 else 0.02 * (1 - (step - 4) / STEPS) for step in range(STEPS)]

tensors = {f"start.{name}": weight for name, weight in start.items()}
tensors["rates"] = torch.tensor(rates, dtype=torch.float64)
for step, by_name in enumerate(gradients):
    tensors |= {f"gradient.{step}.{name}": gradient for name, gradient in by_name.items()}

MAKERS = {
    "adamw": lambda groups: torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8),
    "sgd": lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True),
    "clipped-sgd": lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True),
    "rmsprop": lambda groups: RMSpropTF(groups, lr=1.0, alpha=0.9, eps=1e-3, momentum=0.9),
}
for decay, vectors in [(0.0, True), (0.1, True), (0.1, False)]:
    for kind, make in MAKERS.items():
        weights = {name: weight.clone().requires_grad_() for name, weight in start.items()}
        optimizer = make([
            {"params": [weight], "weight_decay": decay if vectors or weight.ndim > 1 else 0.0}
            for weight in weights.values()
        ])
        for step in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = rates[step]
            for name, weight in weights.items():
                weight.grad = gradients[step][name].clone()
            if kind == "clipped-sgd":
                torch.nn.utils.clip_grad_norm_(weights.values(), CLIP_NORM)
            optimizer.step()
            key = f"{kind}.{decay}.{'all' if vectors else 'matrices'}.{step}"
            tensors |= {f"{key}.{name}": weight.detach().clone() for name, weight in weights.items()}

save_file(tensors, Path(__file__).with_name("trajectories.safetensors"))
