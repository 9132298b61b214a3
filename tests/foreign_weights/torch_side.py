"""The side of PyTorch's programs in the proof `foreign-weights`.

    python torch_side.py EFFNET FOLDER

EFFNET is the program of effnet's tests, FOLDER is for the files of one network at a time.
"""
import sys

import timm
import torch
from safetensors.torch import load_file, save_file

from enliven import enliven
from programs import PROGRAMS, SIZE, build
from prove import prove, tell_apart


def make(program, variant, folder):
    """Files of random weights, images and their logits: the weights."""
    torch.manual_seed(0)
    network = build(program, variant)
    enliven(network, torch.randn(8, 3, *SIZE))
    torch.save(network.state_dict(), folder / "weights.pth")
    save_file(network.state_dict(), folder / "weights.safetensors")
    expected = state({name: value.clone() for name, value in network.state_dict().items()})
    images = torch.randn(2, 3, *SIZE)
    with torch.no_grad():
        logits = network.double()(images.double()).float()
    tell_apart(f"{program} {variant}", logits)
    save_file({"input": images, "logits": logits}, folder / "reference.safetensors")
    return expected


def state(tensors):
    """Names and bits, but for counts of batches."""
    return {name: value.view(torch.int32) for name, value in tensors.items() if not name.endswith("num_batches_tracked")}


def check(program, variant, folder, expected):
    """How the program finds the weights in what effnet wrote back."""
    def hold(network, how):
        found = state(network.state_dict())
        same = found.keys() == expected.keys() and all(torch.equal(bits, expected[name]) for name, bits in found.items())
        assert same, f"{program} {variant}: another state {how}"
        return how

    for file in ["model.pth", "model.safetensors"]:
        path = folder / file
        tensors = load_file(path) if file.endswith(".safetensors") else torch.load(path, weights_only=True)
        # A network that ignored the file would have other weights.
        network = build(program, variant)
        network.load_state_dict(tensors)
        yield hold(network, f"by {file.removeprefix('model')}")
        del tensors, network
    if (folder / "config.json").exists():
        yield hold(timm.create_model(f"local-dir:{folder}", pretrained=True), "by config.json")


for program, variants in PROGRAMS.items():
    for variant in variants:
        prove(program, variant, make, check, *sys.argv[1:])
