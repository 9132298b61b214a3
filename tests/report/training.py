"""A short run of a tiny network on the bundled digits, for the tests beside this file."""

import csv
import pathlib
import subprocess

TABLE = """
[1, 3, 1, 1, 8, 16, fused, 0],
[1, 3, 2, 4, 16, 24, fused, 0],
[1, 3, 2, 4, 24, 32, mbconv, 0.25],
"""

EPOCHS = 2
CLASSES = 10
VALIDATION_IMAGES = 360


def command(effnet, folder):
    """What starts the run in `folder`, as arguments."""
    table = folder / "tiny.table"
    table.write_text(TABLE)
    return [
        str(pathlib.Path(effnet).resolve()), "train", "--table", str(table), "--epochs", str(EPOCHS), "--batch", "32",
        "--size", "32", "--lr", "0.004", "--output", str(folder / "run"), "--json",
    ]


def train(effnet, folder):
    """Runs to the end; the run's folder."""
    subprocess.run(command(effnet, folder), check=True, stdout=subprocess.DEVNULL)
    return folder / "run"


def metrics(run):
    """The rows of `metrics.csv`, each a number a column; a run without averaged weights leaves their cells empty."""
    with open(run / "metrics.csv", newline="") as file:
        return [{column: float(cell) for column, cell in row.items() if cell} for row in csv.DictReader(file)]


def equal(found, wanted, what):
    if found != wanted:
        raise SystemExit(f"{what}: found {found!r}, and not {wanted!r}")


def holds(condition, what):
    if not condition:
        raise SystemExit(f"not so: {what}")
