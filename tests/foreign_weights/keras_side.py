"""Keras's side of the proof `foreign-weights`: Keras 3 by the backend of KERAS_BACKEND, and, where that is TensorFlow,
Keras 2 (tf_keras).

    python keras_side.py EFFNET FOLDER [VARIANT…]

EFFNET is the program of effnet's tests, FOLDER is for the files of one network at a time. Without variants, all that Keras
has.
"""
import logging
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from safetensors.numpy import save_file

from prove import prove, tell_apart
from tables import rows

# HDF5 is wanted.
logging.getLogger("absl").setLevel("ERROR")
CLASSES = 10
# No multiples of 32, so that paddings differ.
SIZE = (64, 81)
# The least variance that a normalisation expects of a channel, of the mean square of all channels.
LEAST = 0.7
# Keras's first EfficientNet has the mean and the variance of images among its weights. Its images have values to 255.
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

BUILDERS = {variant: f"EfficientNetV2{variant.upper()}" for variant in ["b0", "b1", "b2", "b3", "s", "m", "l"]}
BUILDERS |= {f"efficientnet-b{number}": f"EfficientNetB{number}" for number in range(8)}


def is_first(variant):
    return variant.startswith("efficientnet-")


def build(variant, program=keras):
    program.backend.clear_session()
    same = {"weights": None, "classes": CLASSES, "classifier_activation": None, "input_shape": (*SIZE, 3)}
    if is_first(variant):
        return getattr(program.applications, BUILDERS[variant])(**same)
    same["include_preprocessing"] = False
    if variant in BUILDERS:
        return getattr(program.applications, BUILDERS[variant])(**same)
    builder = program.src.applications.efficientnet_v2.EfficientNetV2
    names = ["num_repeat", "kernel_size", "strides", "expand_ratio", "input_filters", "output_filters"]
    args = [dict(zip(names, row), conv_type=int(row[6] == "fused"), se_ratio=row[7]) for row in rows(variant)]
    return builder(1.0, 1.0, SIZE[0], blocks_args=args, **same)


def enliven(model, images):
    """As `enliven.py`."""
    random = np.random.default_rng(0)
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    for norm in norms:
        most, least = (0.7, 0.3) if norm.name.endswith("project_bn") else (1.3, 0.7)
        norm.gamma.assign(random.uniform(least, most, norm.gamma.shape))
        norm.beta.assign(random.normal(0, 0.2, norm.beta.shape))
        norm.momentum = 0.0
    for layer in model.layers:
        if type(layer).__name__ == "Dropout":
            layer.rate = 0.0
        if type(layer).__name__ == "Normalization":
            _, _, count = layer.get_weights()
            layer.set_weights([MEAN, DEVIATION**2, count])
            layer.finalize_state()
    model(images, training=True)
    for norm in norms:
        mean, variance = norm.get_weights()[2:]
        norm.moving_variance.assign(np.maximum(variance, LEAST * (variance + mean**2).mean()))


def make(_, variant, folder):
    """Files of random weights, images and their logits: the weights."""
    keras.utils.set_random_seed(0)
    model = build(variant)
    random = np.random.default_rng(1)
    several, two = (random.normal(0, 1, (count, *SIZE, 3)).astype(np.float32) for count in (8, 2))
    theirs = (lambda images: 255 * (images * DEVIATION + MEAN)) if is_first(variant) else np.asarray
    enliven(model, theirs(several))
    logits = np.asarray(model(theirs(two)))
    tell_apart(f"keras {variant}", logits)
    for kind in (".keras", ".h5"):
        model.save(f"{folder}/weights{kind}")
    model.save_weights(f"{folder}/weights.weights.h5")
    save_file({"input": two.transpose(0, 3, 1, 2).copy(), "logits": logits}, f"{folder}/reference.safetensors")
    return state(model)


def state(model):
    return [value for layer in model.layers for value in layer.get_weights()]


def check(_, variant, folder, expected):
    """How Keras finds the weights in what effnet wrote back."""
    for kind, program in [(".weights.h5", keras), (".h5", keras), *((".h5", program) for program in keras_2())]:
        model = build(variant, program)
        model.load_weights(f"{folder}/model{kind}")
        found = state(model)
        how = f"by {kind} in {program.__name__} {program.__version__}"
        # A model that ignored the file would have other weights.
        same = len(found) == len(expected) and all(map(np.array_equal, found, expected))
        assert same, f"{variant}: another state {how}"
        yield how


def keras_2():
    if keras.backend.backend() != "tensorflow":
        return []
    import tf_keras

    return [tf_keras]


for variant in sys.argv[3:] or [*BUILDERS, "tiny"]:
    prove("keras", variant, make, check, *sys.argv[1:3])
