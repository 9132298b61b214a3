"""Writes what automl's evaluation makes of the pictures in ../fixtures, by the operations of TensorFlow that it calls.

Run from this folder with tensorflow and Pillow installed: python make_automl.py
"""

import json
from pathlib import Path

import numpy
import tensorflow as tf
from PIL import Image

wide = Image.open("../fixtures/wide.ppm")
pictures = {
    "wide": wide, "tall": Image.open("../fixtures/tall.ppm"), "strip": wide.crop((0, 10, 120, 40)),
    "tiny": Image.open("../fixtures/tiny.ppm"),
}


def current(image, size, test_size):
    """preprocessing.py: whether it crops, and how much, follows from the test size."""
    height, width, _ = image.shape
    if test_size < 320:
        ratio = test_size / (test_size + 32)
        side = int(tf.cast(ratio * tf.cast(tf.minimum(height, width), tf.float32), tf.int32))
        y, x = (height - side) // 2, (width - side) // 2
        image = tf.image.crop_to_bounding_box(image, y, x, side, side)
    return (tf.image.resize(image, [size, size]) - 128.0) / 128.0


def legacy(image, size, test_size):
    """preprocess_legacy.py."""
    height, width, _ = image.shape
    side = int(tf.cast((test_size / (test_size + 32)) * tf.cast(tf.minimum(height, width), tf.float32), tf.int32))
    y, x = (height - side + 1) // 2, (width - side + 1) // 2
    image = tf.compat.v1.image.resize_bicubic(image[None, y:y + side, x:x + side], [size, size])[0]
    image = image - tf.constant([0.485 * 255, 0.456 * 255, 0.406 * 255])
    return image / tf.constant([0.229 * 255, 0.224 * 255, 0.225 * 255])


cases, results = [], []
for variant, test_size, evaluate in [("b0", 224, legacy), ("b3", 300, legacy), ("s", 300, current), ("s", 384, current)]:
    for size, names in [(16, ["wide", "tall"] + ["strip"] * (test_size == 384)), (28, ["tiny"])]:
        for picture in names:
            case = {"dialect": "automl", "variant": variant, "test_size": test_size, "size": size, "picture": picture}
            cases.append(case)
            result = evaluate(tf.constant(numpy.asarray(pictures[picture])), size, test_size).numpy()
            results.append(result.transpose(2, 0, 1).reshape(-1))
# Fixed point, of 13 bits behind it: all values lie within -4 and 4.
fixed = (numpy.concatenate(results) * 8192).round()
assert abs(fixed).max() < 32768
Path("automl.bin").write_bytes(fixed.astype("<i2").tobytes())
Path("automl.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
