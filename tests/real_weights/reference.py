"""What timm makes of ten of scikit-image's pictures with EfficientNet-Lite0's weights of ImageNet.

    python reference.py WEIGHTS PICTURES OUTPUT

Writes `timm.safetensors` (the pictures as timm prepares them, and its logits) and `timm.json` (for each picture the five
most probable classes with their probabilities) into the folder OUTPUT. WEIGHTS has lukemelas' names, PICTURES is the
folder `skimage/data`. `timm.json` beside this file is what it wrote with torch 2.15.0, timm 1.0.31 and Pillow 13.0.0.

`moon.png` and `text.png` are no pictures to tell a preparation by: Pillow's rounding to whole levels alone moves their
first probability by 0.15 and 0.04.
"""
import json
import sys
from pathlib import Path

import timm
import torch
from PIL import Image
from safetensors.torch import save_file

PICTURES = ["coffee.png", "chelsea.png", "camera.png", "rocket.jpg", "motorcycle_left.png", "motorcycle_right.png",
            "astronaut.png", "clock_motion.png", "horse.png", "logo.png"]


def network(weights):
    """timm's network with these weights: both name the same parameters in the same order."""
    model = timm.create_model("tf_efficientnet_lite0").eval()
    ours, theirs = torch.load(weights, weights_only=True), model.state_dict()
    pairs = list(zip(theirs, ours, strict=True))
    assert all(left.split(".")[-1] == right.split(".")[-1] for left, right in pairs)
    model.load_state_dict({left: ours[right] for left, right in pairs})
    return model


def main(weights, folder, output):
    model = network(weights)
    prepare = timm.data.create_transform(**timm.data.resolve_data_config({}, model=model))
    pictures = torch.stack([prepare(Image.open(Path(folder) / name).convert("RGB")) for name in PICTURES])
    with torch.inference_mode():
        logits = model(pictures)
    save_file({"pictures": pictures, "logits": logits.clone()}, Path(output) / "timm.safetensors")
    tops = {name: [[int(index), round(float(value), 5)] for value, index in zip(*row.topk(5))]
            for name, row in zip(PICTURES, logits.softmax(1))}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(top)}" for name, top in tops.items())
    (Path(output) / "timm.json").write_text(f"{{\n{lines}\n}}\n")


main(*sys.argv[1:])
