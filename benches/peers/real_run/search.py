#!/usr/bin/env python3
"""A real search: the best table that it finds on an image folder, trained in full, against EfficientNetV2-B0.

    python benches/peers/real_run/search.py FOLDER --binary target/release/effnet

FOLDER is what `emoji.py` makes. The space is `b0` without networks of more parameters than B0; what is maximised is the
accuracy times a power of the step's time, as in the paper, but without one of the parameters; trials see images of 48 pixels,
and none of those that the best table and B0 are compared on. Both train to the end by the real run's recipe, in turns, once
for each seed. What is told of each is the last epoch's top-1, the better one of weights and average.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPACE = os.path.join(HERE, "../../../effnet-runtime/spaces/b0.toml")
RECIPE = os.path.join(HERE, "recipe.toml")


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def top1(output):
    with open(os.path.join(output, "metrics.csv"), newline="") as file:
        last = list(csv.DictReader(file))[-1]
    return max(float(last[name]) for name in ["val_top1", "ema_top1"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--binary", default="target/release/effnet")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=3, help="of a trial")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--search", help="folder of the search, which goes on where it is there already")
    options = parser.parse_args()
    classes = len(os.listdir(os.path.join(options.folder, "train")))
    b0 = json.loads(run(options.binary, "summary", "--variant", "b0", "--classes", classes, "--json"))["params"]
    with tempfile.TemporaryDirectory() as place:
        search = options.search or os.path.join(place, "search")
        if os.path.exists(os.path.join(search, "search.toml")):
            run(options.binary, "search", "--resume", "--output", search, "--quiet")
        else:
            space = os.path.join(place, "b0-limited.toml")
            with open(SPACE) as file, open(space, "w") as limited:
                limited.write(file.read() + f"\n[limits]\nparams = {b0}\n")
            run(options.binary, "search", "--space", space, "--data", options.folder, "--config", RECIPE, "--epochs",
                options.epochs, "--size", 48, "--set", "ema.decay=0", "--sampler", "evolution", "--samples", options.samples,
                "--params-exponent", 0, "--output", search, "--quiet")
        trials = [json.loads(line) for line in open(os.path.join(search, "trials.jsonl"))]
        print(f"{sum(line['event'] == 'ended' for line in trials)} trials of {options.epochs} epochs", flush=True)
        print(run(options.binary, "search", "show", "best", "--search", search), flush=True)
        networks = {"found": ["search", "train", "best", "--search", search], "b0": ["train", "--variant", "b0"]}
        found = {name: [] for name in networks}
        for seed in range(options.seeds):
            for name, command in networks.items():
                output = os.path.join(place, f"{name}-{seed}")
                run(options.binary, *command, "--data", options.folder, "--config", RECIPE, "--seed", seed, "--output", output,
                    "--quiet")
                found[name].append(top1(output))
                print(f"{name:5} seed {seed}: top-1 {found[name][-1]:.4f}", flush=True)
    means = ", ".join(f"{name}: {statistics.mean(values):.4f}" for name, values in found.items())
    print(f"{means} in the mean; B0 has {b0:,} parameters")


if __name__ == "__main__":
    main()
