"""Logits of PyTorch's programs on weights that a formula gives, that of `family/logits.py`.

usage: answers.py    writes answers.safetensors beside itself (needs torch, torchvision, timm, safetensors,
                     efficientnet_pytorch, efficientnet-lite-pytorch)

`PROGRAM VARIANT squares` are the means of squares that the batch normalisations are given, `PROGRAM VARIANT logits` are
of two images.
"""
import sys
from pathlib import Path

from safetensors.torch import save_file

tests = Path(__file__).parents[3]
sys.path += [str(tests / "tests" / "family"), str(tests / "foreign_weights")]
import logits
import programs

NETWORKS = {
    "timm": ["b0", "efficientnet-b0", "lite0", "tiny"],
    "torchvision": ["efficientnet-b0", "tiny"],
    "lukemelas": ["efficientnet-b0", "lite0", "tiny-mbconv"],
}

images = logits.images(*programs.SIZE)
tensors = {}
for program, variants in NETWORKS.items():
    for variant in variants:
        name = f"{program} {variant}"
        tensors[f"{name} logits"], tensors[f"{name} squares"] = logits.answer(name, programs.build(program, variant), images)
save_file(tensors, Path(__file__).with_suffix(".safetensors"))
