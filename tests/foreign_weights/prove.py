"""One program's weights, there and back."""
import os
import subprocess
import tempfile
from pathlib import Path


def prove(program, variant, make, check, effnet, place):
    """What effnet says of what a program makes in a folder, and the program of what effnet wrote back, in a line."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        expected = make(program, variant, Path(folder))
        said = {"FOREIGN_WEIGHTS": folder, "FOREIGN_PROGRAM": program, "FOREIGN_VARIANT": variant}
        test = [effnet, "foreign::live", "--ignored", "--nocapture"]
        found = subprocess.run(test, env=os.environ | said, stdout=subprocess.PIPE, text=True)
        assert found.returncode == 0, f"{program} {variant}: {found.stdout}"
        here = next(line for line in found.stdout.splitlines() if line.startswith("logits"))
        there = ", ".join(check(program, variant, Path(folder) / "back", expected))
        print(f"{program} {variant}: {here}; {len(expected)} tensors identical there {there}", flush=True)


def tell_apart(name, logits):
    """Fails where logits of two images are hardly different: they would hide how images are normalised and padded."""
    apart = (logits[0] - logits[1]).std() / logits.std()
    assert apart > 0.02, f"{name}: logits do not tell images apart: {apart}"
