"""Do other runtimes compute from our ONNX files what the networks are?

    python agree.py EFFNET sample|full LITE0

At full size of timm's networks, with random weights, as timm does in f64. In the sample of networks that effnet trains in
seconds, of LITE0, a file with EfficientNet-Lite0's weights of ImageNet, and in both of tables with every word, as ONNX
Runtime without optimisations does from a file that has batch normalisations as they are, which `--check` has held to our
engine. By ONNX Runtime, OpenVINO and tract, at two sizes and two batches; `onnx.checker` passes; nodes and bytes are few.
"""

import json
import pathlib
import sys
import tempfile

import numpy
import onnx

from networks import REST, SAMPLE, SETTINGS, export, of_table, trained
from runtimes import RUNTIMES, session

# Of the logits' deviation: two ways to sum in f32.
TOLERANCE = 1e-4
# With weights of 11 bits.
F16_TOLERANCE = 1e-2
SHAPES = [(1, 3, 224, 224), (2, 3, 193, 161)]


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
    export(effnet, fixed, "--check", "--size", "224", "--batch", "1", *flags)
    export(effnet, pixels, "--check", "--preprocess", *flags)
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


def hold(effnet, folder, name, flags, reference=None, in_other_ways=False):
    """Holds the files of a network to the reference, or, without one, to the file that keeps batch normalisations."""
    file, half, plain = (folder / f"{each}.onnx" for each in ["folded", "f16", "plain"])
    report = export(effnet, file, "--check", *flags)
    export(effnet, half, "--check", "--precision", "f16", *flags)
    export(effnet, plain, "--check", "--keep-batch-norm", *flags)
    constants = [each for each in onnx.load(plain).graph.initializer if ".running_" not in each.name]
    share = report["bytes"] / sum(4 * numpy.prod(each.dims, dtype=int) for each in constants)
    peer = "timm" if reference else "the file with batch normalisations"
    if reference is None:
        exactly = session(plain, optimised=False)

        def reference(x):
            return exactly.run(None, {"images": x})[0]

    largest, of_half = compare(file, half, reference)
    if in_other_ways:
        compare_others(effnet, folder, flags, reference)
    print(
        f"{name}: {report['nodes']} nodes, {share:.3f} of the weights' bytes; at most {largest:.1e} of the logits' deviation "
        f"from {peer}, {of_half:.1e} in f16; our reader {report['error']:.1e} from our engine",
        flush=True,
    )
    return report["nodes"], share


def main(effnet, size, lite0):
    for ours, theirs in (SAMPLE | (REST if size == "full" else {})).items():
        with tempfile.TemporaryDirectory() as folder:
            folder, reference = pathlib.Path(folder), None
            if size == "full":
                # Here, since the sample has no timm.
                from by_timm import in_f64, of_timm
                from prove import tell_apart

                network, weights = of_timm(theirs, folder)
                reference = in_f64(network)
                tell_apart(ours, reference(images(SHAPES[1])))
                flags = ["--variant", ours, "--dialect", "timm-tf", "--weights", weights]
            elif ours == "lite0":
                flags = ["--variant", ours, "--weights", lite0]
            else:
                flags = ["--weights", trained(effnet, folder, "--variant", ours)]
            nodes, share = hold(effnet, folder, ours, flags, reference, ours in SAMPLE)
            assert share <= 1.02 and (ours != "b0" or nodes <= 300)
    for settings in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            hold(effnet, folder, settings, ["--weights", of_table(effnet, settings, folder)])


if __name__ == "__main__":
    main(*sys.argv[1:])
