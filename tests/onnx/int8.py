"""Does int8 say what f32 says, with ImageNet's weights of EfficientNet-Lite0, of crops of scikit-image's pictures?

    python int8.py EFFNET WEIGHTS

48 crops calibrate and 120 others are asked about: by our reader, which rounds exactly, by ONNX Runtime without
optimisations of the graph, and, for the record, with them: there u8 · s8 saturates on CPUs without VNNI.
"""

import importlib.util
import pathlib
import sys
import tempfile

import numpy
from PIL import Image

from networks import export
from runtimes import session

CALIBRATING, ASKED = 48, 120
PICTURES = [
    "astronaut", "brick", "camera", "cell", "chelsea", "clock", "coffee", "coins", "color", "grass", "gravel", "horse",
    "hubble", "ihc", "moon", "motorcycle", "page", "retina", "rocket", "text",
]  # fmt: skip


def crops():
    """Squares of random size and place, as arrays of 224 × 224."""
    # Found, not imported: that would need what scikit-image computes by.
    folder = pathlib.Path(importlib.util.find_spec("skimage").origin).parent / "data"
    files = sorted(file for file in folder.iterdir() if file.suffix in (".png", ".jpg"))
    pictures = [Image.open(file).convert("RGB") for file in files if any(name in file.name for name in PICTURES)]
    draw = numpy.random.default_rng(0)
    for number in range(CALIBRATING + ASKED):
        # The crops that calibrate come first, and so do their pictures.
        picture = pictures[(number if number < CALIBRATING else number - CALIBRATING) % len(pictures)]
        side = draw.uniform(0.35, 1) * min(picture.size)
        x, y = draw.uniform(0, picture.width - side), draw.uniform(0, picture.height - side)
        box = (int(x), int(y), int(x + side), int(y + side))
        yield picture.crop(box).resize((224, 224), Image.BICUBIC)


def answers(found, expected):
    odds = numpy.exp(expected - expected.max(1, keepdims=True))
    sure = odds.max(1) / odds.sum(1) >= 0.4
    same = found.argmax(1) == expected.argmax(1)
    correlation = numpy.mean([numpy.corrcoef(x, y)[0, 1] for x, y in zip(found, expected)])
    counts = {"images": len(same), "same": same.sum(), "sure": sure.sum(), "missed": (sure & ~same).sum()}
    return counts | {"correlation": correlation}


def told(name, answers):
    print(
        f"{name}: the same class for {answers['same']} of {answers['images']}, for all but {answers['missed']} of the "
        f"{answers['sure']} that f32 is sure of; correlation {answers['correlation']:.4f}",
        flush=True,
    )
    return answers


def holds(name, answers):
    told(name, answers)
    assert answers["images"] == ASKED
    assert answers["correlation"] >= 0.99 and answers["same"] >= 0.8 * ASKED and answers["missed"] <= 2, name


def main(effnet, weights):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = folder / "crops"
        data.mkdir()
        all_crops = list(crops())
        # `--calibrate` takes every so manyth picture in the order of names.
        places = [at * len(all_crops) // CALIBRATING for at in range(CALIBRATING)]
        others = [place for place in range(len(all_crops)) if place not in places]
        asked = []
        for place, crop in zip(places + others, all_crops):
            # Of 256 pixels a side the network's dialect keeps the middle 224.
            canvas = Image.new("RGB", (256, 256))
            canvas.paste(crop, (16, 16))
            canvas.save(data / f"{place:03}.png")
            if place in others:
                asked.append(((numpy.asarray(crop, numpy.float32) - 127) / 128).transpose(2, 0, 1))
        asked = numpy.stack(asked)

        flags = ["--check", "--variant", "lite0", "--weights", weights]
        plain = export(effnet, folder / "f32.onnx", *flags)
        calibrating = ["--precision", "int8", "--calibrate", data, "--calibration-images", str(CALIBRATING)]
        int8 = export(effnet, folder / "int8.onnx", *calibrating, *flags)
        print(f"Lite0: {plain['bytes']} bytes in f32, {int8['bytes']} in int8")
        holds("our reader", int8["answers"])
        expected = session(folder / "f32.onnx").run(None, {"images": asked})[0]
        for name, optimised, report in [("ONNX Runtime, exactly", False, holds), ("ONNX Runtime, optimised", True, told)]:
            found = session(folder / "int8.onnx", optimised).run(None, {"images": asked})[0]
            report(name, answers(found, expected))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
