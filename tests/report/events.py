"""Do TensorBoard's own readers find in a run's folder what the run wrote there?

    python events.py target/debug/effnet

needs the package `tensorboard`. A run is killed in its second epoch and resumed, so that steps are taken twice; each
must be found once, with the numbers of `metrics.csv`.
"""

import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training import command, equal, holds, metrics

# Scalars are 32-bit floats: 24 bits of a number.
TOLERANCE = 2.0**-23

# Steps between records, besides the last of each epoch.
EVERY = 10

# How long the killed run may take to get into its second epoch, in seconds.
PATIENCE = 120


def size(run):
    return sum(file.stat().st_size for file in run.glob("events.out.tfevents.*"))


def killed_in_the_second_epoch(effnet, folder):
    """Starts the run, and kills it when the second epoch has left a record."""
    run = folder / "run"
    process = subprocess.Popen(command(effnet, folder), stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            if json.loads(line)["event"] == "epoch":
                break
        before, begun = size(run), time.monotonic()
        while size(run) == before and time.monotonic() < begun + PATIENCE:
            holds(process.poll() is None, "the run goes on after its first epoch")
            time.sleep(0.002)
        holds(size(run) > before, "the second epoch leaves records")
    finally:
        process.kill()
        process.wait()
    equal(len(metrics(run)), 1, "epochs of the run that was killed")
    return run


def read(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    scalars = {tag: accumulator.Scalars(tag) for tag in accumulator.Tags()["scalars"]}
    return {tag: [(event.step, event.value) for event in events] for tag, events in scalars.items()}


def near(found, wanted):
    return math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def check_epochs(scalars, rows):
    columns = [column for column in rows[0] if column not in ("epoch", "step")]
    holds(len(columns) >= 6, f"metrics.csv has columns of figures: {columns}")
    for column in columns:
        found = scalars[f"epoch/{column}"]
        equal([step for step, _ in found], [row["step"] for row in rows], f"steps of epoch/{column}")
        for (step, value), row in zip(found, rows):
            holds(near(value, row[column]), f"epoch/{column} at step {step} is {row[column]}, and not {value}")


def check_steps(scalars, rows):
    ends = [int(row["step"]) for row in rows]
    steps = sorted({*range(EVERY, ends[-1] + 1, EVERY), *ends})
    for tag in ("step/loss", "step/top1", "step/lr", "step/size"):
        equal([step for step, _ in scalars[tag]], steps, f"steps of {tag}")
        holds(all(math.isfinite(value) for _, value in scalars[tag]), f"{tag} is finite")
    equal({value for _, value in scalars["step/size"]}, {32.0}, "image sizes")
    rates = dict(scalars["step/lr"])
    for row in rows:
        holds(near(rates[int(row["step"])], row["lr"]), f"the rate of step {row['step']} is {row['lr']}")
    holds(all(0 <= value <= 1 for _, value in scalars["step/top1"]), "top-1 of a batch is a share")
    paces = scalars["step/images_per_second"]
    holds(len(paces) >= 2 and all(value > 0 for _, value in paces), "images a second are measured")


def check_a_cut_file(run, folder):
    """A crash cuts a file within its last record: all before it is read."""
    shutil.copytree(run, folder)
    last = sorted(folder.glob("events.out.tfevents.*"))[-1]
    last.write_bytes(last.read_bytes()[:-5])
    whole, cut = read(run), read(folder)
    count = lambda scalars: sum(len(events) for tag, events in scalars.items() if tag.startswith("epoch/"))
    equal(count(cut), count(whole) // 2, "figures of epochs after a cut within the last epoch's record")
    equal(cut["step/loss"], whole["step/loss"], "records before the cut")


def main():
    effnet = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run = killed_in_the_second_epoch(effnet, folder)
        subprocess.run([*command(effnet, folder), "--resume"], check=True, stdout=subprocess.DEVNULL)
        equal(len(list(run.glob("events.out.tfevents.*"))), 2, "event files of two sessions")
        rows, scalars = metrics(run), read(run)
        equal(len(rows), 2, "epochs of the whole run")
        check_epochs(scalars, rows)
        check_steps(scalars, rows)
        check_a_cut_file(run, folder / "cut")
        print(f"TensorBoard reads {len(scalars)} scalars of {len(rows)} epochs, each step once")


main()
