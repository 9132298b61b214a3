"""Does ONNX Runtime load our file of B0 faster than timm's export, and run it as fast? `turns.py` measures.

    python speed.py EFFNET
"""

import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch

from by_timm import of_timm
from networks import SAMPLE, export


def main(effnet):
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        network, weights = of_timm(SAMPLE["b0"], folder)
        ours, theirs = folder / "ours.onnx", folder / "timm.onnx"
        flags = ["--variant", "b0", "--dialect", "timm-tf", "--weights", weights]
        export(effnet, ours, *flags)
        axes = {"images": {0: "N", 2: "H", 3: "W"}, "logits": {0: "N"}}
        names = {"input_names": ["images"], "output_names": ["logits"], "dynamic_axes": axes}
        torch.onnx.export(network, torch.randn(1, 3, 224, 224), str(theirs), dynamo=False, opset_version=17, **names)
        # Elsewhere, since the heap that torch leaves in pieces slows loads by 3 ms.
        turns = pathlib.Path(__file__).with_name("turns.py")
        subprocess.run([sys.executable, turns, ours, theirs], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
