"""timm's logits and embeddings for a model of each kind, on weights that a formula gives.

usage: logits.py    writes logits.safetensors beside itself (needs torch, timm, safetensors)

A tensor's numbers depend on its name and on nothing else, so that no weights are stored; `effnet_tests::formula` computes
the same bits. What the formula cannot know is how far a layer's outputs spread: the mean of their squares, one number a
batch normalisation in the network's order, is stored as `MODEL.squares`, and the running statistics are around it.
`MODEL.logits` are of two images, `MODEL.embeddings` of the first.
"""
from pathlib import Path
import math

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from torch import nn

MODELS = [
    "tf_efficientnet_b0", "tf_efficientnet_lite0", "mobilenetv2_100", "semnasnet_100", "tf_efficientnet_em",
    "efficientnetv2_rw_s", "fbnetc_100", "spnasnet_100", "mobilenetv3_small_100", "tf_mobilenetv3_large_100",
    # Words that these don't need: other squeezed channels, no bias in the head, no head, activated projections, rows
    # that begin with a 1×1 convolution, channels that are no multiple of 4.
    "mobilenetv3_rw", "mobilenetv1_100", "lcnet_150", "mobilenet_edgetpu_100", "efficientnet_b1_pruned",
]
# Sides of the images: no multiples of 32, so that both paddings cut.
SIZE = (96, 97)
# How far timm's own f32 may be from its f64, in standard deviations of the logits.
AGREES = 1e-5
# What another draw of any tensor changes at the least, in standard deviations of the logits (to first order).
MATTERS = 5e-3


def fnv1a(text):
    digest = 0xCBF29CE484222325
    for byte in text.encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return digest


def draws(name, shape):
    """Numbers in -1..1, multiples of 2^-23: the upper bits of splitmix64, started at the name's digest."""
    count = math.prod(shape)
    z = np.uint64(fnv1a(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32).reshape(shape) * np.float32(2**-23) - np.float32(1)


def spread(name, shape, square):
    """Around what a tensor's numbers are, and how far from it."""
    if len(shape) > 1:
        return 0.0, math.sqrt(3 / math.prod(shape[1:]))
    if name.endswith("running_var"):
        return square, np.float32(0.5) * square
    if name.endswith("running_mean"):
        return 0.0, np.float32(0.25) * np.sqrt(square)
    return (1.0 if name.endswith("weight") else 0.0), 0.25


def values(name, shape, square=None):
    centre, half = spread(name, shape, square)
    return torch.from_numpy(np.float32(centre) + np.float32(half) * draws(name, shape))


def fill(model, images):
    """Gives a model its weights; the squares of each batch normalisation's input, in order."""
    squares = []

    def statistics(name):
        def set_them(norm, inputs):
            square = np.float32(inputs[0].square().mean().item())
            squares.append(square)
            for buffer in ["running_mean", "running_var"]:
                own = getattr(norm, buffer)
                own.copy_(values(f"{name}.{buffer}", own.shape, square))
        return set_them

    norms = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(statistics(name)) for name, norm in norms]
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(values(name, weight.shape))
        model(images)
    for hook in hooks:
        hook.remove()
    return np.array(squares)


def check(name, model, images, logits):
    """Each tensor matters."""
    pick = torch.from_numpy(draws("pick", logits.shape)).double()
    unit = pick.norm() * logits.std()
    (logits * pick).sum().backward()
    for weight, tensor in model.named_parameters():
        _, half = spread(weight, tensor.shape, None)
        change = (tensor.grad.norm() * half * math.sqrt(2 / 3) / unit).item()
        assert change > MATTERS, f"{name}: {weight} changes {change:.1e}"


def images(*size):
    return torch.from_numpy(draws("images", (2, 3, *size)) * np.float32(1.75))


def answer(name, model, images):
    """A model's logits of images with the formula's weights, and the squares."""
    torch.set_num_threads(1)
    model = model.eval().double()
    squares = fill(model, images.double())
    logits = model(images.double())
    check(name, model, images, logits)
    with torch.no_grad():
        off = ((model.float()(images) - logits).abs().max() / logits.std()).item()
    assert off < AGREES, f"{name}: f32 and f64 differ by {off:.1e}"
    apart = ((logits[0] - logits[1]).std() / logits.std()).item()
    print(f"{name}: f32 and f64 {off:.1e}, images {apart:.2f}, squares {squares.min():.2f} to {squares.max():.2f}")
    return logits.detach().float(), torch.from_numpy(squares)


def main():
    tensors = {}
    for name in MODELS:
        model = timm.create_model(name, num_classes=1000)
        tensors[f"{name}.logits"], tensors[f"{name}.squares"] = answer(name, model, images(*SIZE))
        with torch.no_grad():
            features = model.double().forward_features(images(*SIZE)[:1].double())
            tensors[f"{name}.embeddings"] = model.forward_head(features, pre_logits=True).flatten().float()
    save_file(tensors, Path(__file__).with_name("logits.safetensors"))


if __name__ == "__main__":
    main()
