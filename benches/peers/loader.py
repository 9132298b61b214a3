#!/usr/bin/env python3
"""Compares how fast effnet and torchvision load training images, on one core each, taking turns.

First step, in an environment of its own (PyPI):

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install torch torchvision pillow numpy

then, from the repository's root:

    cargo build --release -p effnet-models
    /tmp/peers/bin/python benches/peers/loader.py

It draws JPEG files of 500 x 375 pixels (quality 90: gradients, shapes and noise) into a temporary folder, and both sides
read all of them in each round. Torchvision's side is the usual one, on Pillow in one process: decode, RandomResizedCrop
(bicubic), flip, RandAugment of two operations, ToTensor, Normalize. Ours is `effnet bench --mode load --threads 1`: the
same steps, with automl's RandAugment, to batches. What is printed is each side's median over the rounds.
"""

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--binary", default="target/release/effnet")
    return parser.parse_args()


def draw(folder, count):
    """Pictures with large shapes, textures and sensor noise, as photographs have them."""
    import numpy
    from PIL import Image, ImageDraw, ImageFilter

    state = numpy.random.RandomState(0)
    sizes = []
    for number in range(count):
        corners = state.randint(0, 256, (3, 4, 3)).astype("uint8")
        image = Image.fromarray(corners).resize((500, 375), Image.Resampling.BICUBIC)
        brush = ImageDraw.Draw(image)
        for _ in range(25):
            x, y, w, h = (int(state.randint(0, most)) for most in (500, 375, 180, 180))
            shape = [brush.ellipse, brush.rectangle][state.randint(2)]
            shape((x, y, x + w, y + h), fill=tuple(int(value) for value in state.randint(0, 256, 3)))
        pixels = numpy.asarray(image.filter(ImageFilter.GaussianBlur(1)), dtype="float32")
        texture = state.normal(0, 12, (375, 500, 1)) + state.normal(0, 4, (375, 500, 3))
        image = Image.fromarray((pixels + texture).clip(0, 255).astype("uint8"))
        place = os.path.join(folder, "ab"[number % 2])
        os.makedirs(place, exist_ok=True)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
        with open(os.path.join(place, f"{number:05}.jpg"), "wb") as file:
            file.write(buffer.getvalue())
        sizes.append(len(buffer.getvalue()))
    return statistics.mean(sizes)


def peer(options, folder):
    import torch
    from PIL import Image
    from torchvision import transforms

    torch.set_num_threads(1)
    torch.manual_seed(0)
    transform = transforms.Compose([
        transforms.RandomResizedCrop(options.size, interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.RandomHorizontalFlip(),
        transforms.RandAugment(2),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    files = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]

    def run():
        random.shuffle(files)
        for file in files:
            with Image.open(file) as image:
                transform(image.convert("RGB"))

    return run


def ours(options, folder):
    command = [options.binary, "bench", "--mode", "load", "--data", folder, "--size", options.size, "--threads", 1,
               "--batch", 8, "--runs", 1, "--warm-up", 1, "--json"]
    output = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    return json.loads(output)["images_per_second"]


def main():
    options = arguments()
    # Both sides on one core, so that neither has help from the other.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        mean = draw(folder, options.images)
        run = peer(options, folder)
        run()
        speeds = {"effnet": [], "torchvision": []}
        for _ in range(options.rounds):
            speeds["effnet"].append(ours(options, folder))
            start = time.perf_counter()
            run()
            speeds["torchvision"].append(options.images / (time.perf_counter() - start))
    own, other = (statistics.median(values) for values in speeds.values())
    print(f"{options.images} JPEG files of 500 x 375 ({mean / 1024:.0f} KiB each), to {options.size} px, one core, "
          f"{options.rounds} rounds")
    for name, values in speeds.items():
        print(f"{name:12s} median {statistics.median(values):7.1f} images/s  max {max(values):7.1f} images/s")
    print(f"effnet loads {own / other:.2f} x as many images a second")


if __name__ == "__main__":
    main()
