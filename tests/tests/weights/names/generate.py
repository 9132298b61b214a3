"""Digests of the names and shapes of torchvision's and timm's EfficientNetV2 models.

usage: generate.py                 writes digests.txt beside itself (needs torch, torchvision, timm)
       generate.py timm xl         prints the names and shapes that a digest is of
"""
from pathlib import Path
import sys
import timm, torch, torchvision

MODELS = [("torchvision", v) for v in "sml"] + [("timm", v) for v in ["s", "m", "l", "xl", "b0", "b1", "b2", "b3"]]


def build(library, variant):
    with torch.device("meta"):
        if library == "timm":
            return timm.create_model(f"tf_efficientnetv2_{variant}", num_classes=1000)
        return getattr(torchvision.models, f"efficientnet_v2_{variant}")()


def lines(library, variant):
    state = build(library, variant).state_dict()
    return sorted(f"{name} {list(t.shape)}\n" for name, t in state.items() if not name.endswith("num_batches_tracked"))


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
