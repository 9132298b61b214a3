"""Writes what timm and torchvision make of the pictures in ../fixtures for evaluation, by their models' own settings.

Run from this folder with timm, torchvision and Pillow installed: python make_torch.py
"""

import json
from pathlib import Path

import numpy
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config
from torchvision.models import EfficientNet_V2_L_Weights, EfficientNet_V2_M_Weights, EfficientNet_V2_S_Weights
from torchvision.transforms._presets import ImageClassification

SIZE = 16
# A strip, to see what becomes of the aspect.
wide = Image.open("../fixtures/wide.ppm")
pictures = {"wide": wide, "tall": Image.open("../fixtures/tall.ppm"), "strip": wide.crop((0, 10, 120, 40))}


def of_timm(name):
    config = resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict(), use_test_size=True)
    size = config["input_size"][-1]
    return size, create_transform(**config | {"input_size": (3, SIZE, SIZE)})


def of_torchvision(weights):
    preset = weights.transforms()
    size, = preset.crop_size
    assert preset.resize_size == [size]
    return size, ImageClassification(
        crop_size=SIZE, resize_size=SIZE, mean=preset.mean, std=preset.std, interpolation=preset.interpolation)


MODELS = {
    ("timm-tf", "b0"): of_timm("tf_efficientnetv2_b0.in1k"),
    ("timm-tf", "b3"): of_timm("tf_efficientnetv2_b3.in1k"),
    ("timm-tf", "s"): of_timm("tf_efficientnetv2_s.in1k"),
    ("timm-tf", "m"): of_timm("tf_efficientnetv2_m.in1k"),
    ("timm-tf", "l"): of_timm("tf_efficientnetv2_l.in21k_ft_in1k"),
    ("timm", "s"): of_timm("efficientnetv2_rw_s.ra2_in1k"),
    ("torchvision", "s"): of_torchvision(EfficientNet_V2_S_Weights.DEFAULT),
    ("torchvision", "m"): of_torchvision(EfficientNet_V2_M_Weights.DEFAULT),
    ("torchvision", "l"): of_torchvision(EfficientNet_V2_L_Weights.DEFAULT),
}

cases, results = [], []
for (dialect, variant), (test_size, transform) in MODELS.items():
    for picture, image in pictures.items():
        case = {"dialect": dialect, "variant": variant, "test_size": test_size, "size": SIZE, "picture": picture}
        cases.append(case)
        results.append(transform(image).numpy())
# Fixed point, of 13 bits behind it: all values lie within -4 and 4.
fixed = (numpy.stack(results) * 8192).round()
assert abs(fixed).max() < 32768
Path("torch.bin").write_bytes(fixed.astype("<i2").tobytes())
Path("torch.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
