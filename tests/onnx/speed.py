"""Does ONNX Runtime load our file of B0 faster than timm's export, and run it as fast?

    python speed.py EFFNET

Pairs in turns on one thread, at 224 px, in seconds of the CPU, which neighbours disturb less; ratios of medians, and the
interval that nine of ten resamplings of the pairs lie in.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
import torch

from networks import SAMPLE, of_timm
from runtimes import session

PAIRS = 40
LOADING, RUNNING = 0.6, 1.02


def seconds(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


def ratio(name, ours, theirs, bound):
    pairs = numpy.array([(seconds(ours), seconds(theirs)) for _ in range(PAIRS)])
    draws = numpy.random.default_rng(0).integers(0, PAIRS, (2000, PAIRS))
    medians = numpy.median(pairs[draws], axis=1)
    low, high = numpy.quantile(medians[:, 0] / medians[:, 1], [0.05, 0.95])
    ours, theirs = 1e3 * numpy.median(pairs, axis=0)
    print(f"{name}: {ours:.1f} ms, timm's {theirs:.1f} ms: {ours / theirs:.2f} of it ({low:.2f} to {high:.2f}); at most {bound}")
    assert low <= bound, name


def main(effnet):
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        network, weights = of_timm(SAMPLE["b0"], folder)
        ours, theirs = folder / "ours.onnx", folder / "timm.onnx"
        flags = ["--variant", "b0", "--dialect", "timm-tf", "--weights", weights]
        subprocess.run([effnet, "export", ours, *flags], check=True, stdout=subprocess.DEVNULL)
        axes = {"images": {0: "N", 2: "H", 3: "W"}, "logits": {0: "N"}}
        names = {"input_names": ["images"], "output_names": ["logits"], "dynamic_axes": axes}
        torch.onnx.export(network, torch.randn(1, 3, 224, 224), str(theirs), dynamo=False, opset_version=17, **names)
        ratio("loading", lambda: session(ours), lambda: session(theirs), LOADING)
        sessions = [session(ours), session(theirs)]
        x = {"images": numpy.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(numpy.float32)}
        for each in sessions:
            each.run(None, x)
        ratio("running", *(lambda each=each: each.run(None, x) for each in sessions), RUNNING)


if __name__ == "__main__":
    main(sys.argv[1])
