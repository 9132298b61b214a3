"""Do other runtimes compute from our ONNX files what timm computes in f64, or, for a table of ours, what our engine does?

    python agree.py EFFNET sample|full

By ONNX Runtime, OpenVINO and tract, at two sizes and two batches; `onnx.checker` passes; nodes and bytes are few.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import torch

from networks import REST, SAMPLE, SETTINGS, of_table, of_timm
from runtimes import RUNTIMES

# Of the logits' deviation: two ways to sum in f32.
TOLERANCE = 1e-4
# With weights of 11 bits.
F16_TOLERANCE = 1e-2
SHAPES = [(1, 3, 224, 224), (2, 3, 193, 161)]


def export(effnet, out, *flags):
    command = [effnet, "export", out, "--check", "--json", *flags]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def images(shape):
    return numpy.random.default_rng(0).standard_normal(shape).astype(numpy.float32)


def difference(found, expected):
    """The largest, in standard deviations of what is expected."""
    return float(numpy.abs(found - expected).max() / expected.std())


def compare(file, half, reference):
    """Holds all runtimes to the reference; the largest difference, and that of the file in f16."""
    onnx.checker.check_model(str(file), full_check=True)
    onnx.checker.check_model(str(half), full_check=True)
    largest, of_half = 0.0, 0.0
    for shape in SHAPES:
        x = images(shape)
        expected = reference(x)
        halves = {name: run(half, x) for name, run in RUNTIMES.items()}
        for name, run in RUNTIMES.items():
            error = difference(run(file, x), expected)
            assert error <= TOLERANCE, f"{file.name} by {name} at {shape}: {error}"
            between = difference(halves[name], halves["ONNX Runtime"])
            assert between <= TOLERANCE, f"{half.name} by {name} at {shape}: {between} from ONNX Runtime's"
            error_of_half = difference(halves[name], expected)
            assert error_of_half <= F16_TOLERANCE, f"{half.name} by {name} at {shape}: {error_of_half}"
            largest, of_half = max(largest, error), max(of_half, error_of_half)
    return largest, of_half


def compare_others(effnet, folder, flags, reference):
    """The same for a file of one size and batch, and for one that takes bytes."""
    fixed, pixels = folder / "fixed.onnx", folder / "pixels.onnx"
    export(effnet, fixed, "--size", "224", "--batch", "1", *flags)
    export(effnet, pixels, "--preprocess", *flags)
    properties = {entry.key: entry.value for entry in onnx.load(pixels).metadata_props}
    mean, std = (numpy.float32(json.loads(properties[key])) for key in ["mean", "std"])
    # Spread as other images, in whole bytes.
    x = images((1, 224, 224, 3)) * std + mean
    x = numpy.rint(255 * x).clip(0, 255).astype(numpy.uint8)
    normalised = ((x.astype(numpy.float32) / 255 - mean) / std).transpose(0, 3, 1, 2)
    for file, given, prepared in [(fixed, images(SHAPES[0]), images(SHAPES[0])), (pixels, x, normalised)]:
        onnx.checker.check_model(str(file), full_check=True)
        for name, run in RUNTIMES.items():
            error = difference(run(file, given), reference(prepared))
            assert error <= TOLERANCE, f"{file.name} by {name}: {error}"


def main(effnet, size):
    for ours, theirs in (SAMPLE | (REST if size == "full" else {})).items():
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            network, weights = of_timm(theirs, folder)
            flags = ["--variant", ours, "--dialect", "timm-tf", "--weights", weights]
            file, half = folder / f"{ours}.onnx", folder / f"{ours}-f16.onnx"
            report = export(effnet, file, *flags)
            export(effnet, half, "--precision", "f16", *flags)

            network.double()

            def reference(x):
                with torch.no_grad():
                    return network(torch.from_numpy(x).double()).numpy()

            largest, of_half = compare(file, half, reference)
            if ours in SAMPLE:
                compare_others(effnet, folder, flags, reference)
            numbers = 4 * sum(parameter.numel() for parameter in network.parameters())
            share = report["bytes"] / numbers
            print(
                f"{ours}: {report['nodes']} nodes, {share:.3f} of the weights' bytes; at most {largest:.1e} of the logits' "
                f"deviation from timm, {of_half:.1e} in f16; our reader {report['error']:.1e} from our engine",
                flush=True,
            )
            assert share <= 1.02 and (ours != "b0" or report["nodes"] <= 300)
    for settings in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            weights = of_table(effnet, settings, folder)
            file, half, plain = (folder / f"{name}.onnx" for name in ["words", "words-f16", "words-plain"])
            report = export(effnet, file, "--weights", weights)
            export(effnet, half, "--precision", "f16", "--weights", weights)
            # Its nodes are others, and our reader has held it to our engine.
            export(effnet, plain, "--keep-batch-norm", "--weights", weights)
            largest, of_half = compare(file, half, lambda x: RUNTIMES["ONNX Runtime"](plain, x))
            print(
                f"{settings}: {report['nodes']} nodes; at most {largest:.1e} from the file with batch normalisations, "
                f"{of_half:.1e} in f16; our reader {report['error']:.1e} from our engine",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
