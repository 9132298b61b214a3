#!/usr/bin/env python3
"""A real run on both sides: effnet, and PyTorch with timm, train EfficientNetV2-B0 by one recipe on one image folder.

    python benches/peers/real_run/compare.py FOLDER --binary target/release/effnet

FOLDER is what `emoji.py` makes. First both sides take turns at a single epoch, with nothing else running: what is
compared is the median of its seconds, training and evaluation of the weights and of their average. Then both train to the
end, in turns, once for each seed: what is compared is the mean over the seeds of the last epoch's top-1, the better one of
weights and average on either side. It fails if ours takes more than 0.6 of their time, or is worse by more than a point.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_TIME = 0.6
MOST_BEHIND = 0.01


def run(command, **more):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def effnet(options, seed, epochs=None, more=()):
    """An epoch a row, of a run of ours."""
    with tempfile.TemporaryDirectory() as place:
        output = os.path.join(place, "run")
        command = [options.binary, "train", "--variant", options.variant, "--data", options.folder, "--config", options.recipe,
                   "--seed", seed, "--threads", options.threads, "--loader-threads", options.threads, "--output", output,
                   "--quiet", *more]
        run(command + ([] if epochs is None else ["--epochs", epochs]))
        with open(os.path.join(output, "metrics.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
    keys = {"top1": "val_top1", "ema_top1": "ema_top1", "seconds": "seconds"}
    return [{key: float(row[name]) for key, name in keys.items()} for row in rows]


def timm(options, seed, epochs=None, more=()):
    """An epoch a row, of a run of theirs."""
    command = [sys.executable, os.path.join(HERE, "timm_train.py"), options.recipe, options.folder, "--seed", seed,
               "--model", options.model, "--threads", options.threads, "--workers", options.workers, *more]
    lines = run(command + ([] if epochs is None else ["--epochs", epochs])).splitlines()
    return [json.loads(line) for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--binary", default="target/release/effnet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes of theirs that load images")
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each side that are timed")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    options.recipe = os.path.join(HERE, "recipe.toml")
    options.variant, options.model = "b0", "tf_efficientnetv2_b0"
    sides = {"effnet": effnet, "timm": timm}

    seconds = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, train in sides.items():
            seconds[name].append(train(options, 0, epochs=1)[0]["seconds"])
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, values in seconds.items():
        print(f"{name:7s} an epoch: median {medians[name]:.1f} s of", ", ".join(f"{value:.1f}" for value in values))
    ratio = medians["effnet"] / medians["timm"]
    print(f"effnet takes {ratio:.2f} of their time; at most {MOST_TIME} is allowed", flush=True)

    found = {name: [] for name in sides}
    for seed in range(options.seeds):
        for name, train in sides.items():
            last = train(options, seed)[-1]
            found[name].append(max(last["top1"], last["ema_top1"]))
            print(f"{name:7s} seed {seed}: top-1 {last['top1']:.4f}, averaged {last['ema_top1']:.4f}", flush=True)
    means = {name: statistics.mean(values) for name, values in found.items()}
    print(", ".join(f"{name}: {mean:.4f}" for name, mean in means.items()), "in the mean; ours may be 0.01 behind")
    if ratio > MOST_TIME or means["effnet"] < means["timm"] - MOST_BEHIND:
        sys.exit("the claim does not hold")


if __name__ == "__main__":
    main()
