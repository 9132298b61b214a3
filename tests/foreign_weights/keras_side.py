"""Keras's side of the proof `foreign-weights`.

    python keras_side.py make FOLDER VARIANT…    random weights of Keras's own builders, an input and its logits
    python keras_side.py check FOLDER VARIANT…   what effnet wrote back has identical state in Keras and tf_keras
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
from safetensors.numpy import save_file

BUILDERS = {
    "b0": keras.applications.EfficientNetV2B0,
    "b1": keras.applications.EfficientNetV2B1,
    "b2": keras.applications.EfficientNetV2B2,
    "b3": keras.applications.EfficientNetV2B3,
    "s": keras.applications.EfficientNetV2S,
    "m": keras.applications.EfficientNetV2M,
    "l": keras.applications.EfficientNetV2L,
    "efficientnet-b0": keras.applications.EfficientNetB0,
}
SIDE = 96


def build(variant, applications=keras.applications):
    builder = getattr(applications, BUILDERS[variant].__name__)
    # The first EfficientNet always divides its images by 255.
    preparation = {} if is_first(variant) else {"include_preprocessing": False}
    return builder(weights=None, classes=10, classifier_activation=None, input_shape=(SIDE, SIDE, 3), **preparation)


def is_first(variant):
    return variant.startswith("efficientnet-")


def randomize(model, seed):
    random = np.random.default_rng(seed)
    for layer in model.layers:
        weights = layer.get_weights()
        if type(layer).__name__ == "BatchNormalization":
            gamma, beta, mean, variance = (value.shape for value in weights)
            weights = [
                random.uniform(0.7, 1.3, gamma), random.normal(0, 0.2, beta), random.normal(0, 0.2, mean),
                random.uniform(0.5, 1.5, variance),
            ]
        layer.set_weights(weights)


def make(folder, variant):
    keras.utils.set_random_seed(len(variant))
    model = build(variant)
    randomize(model, 0)
    images = np.random.default_rng(1).normal(0, 1, (2, SIDE, SIDE, 3)).astype(np.float32)
    logits = model.predict(images * (255 if is_first(variant) else 1), verbose=0)
    for kind in (".keras", ".h5"):
        model.save(f"{folder}/{variant}{kind}")
    model.save_weights(f"{folder}/{variant}.weights.h5")
    images = images.transpose(0, 3, 1, 2).copy()
    save_file({"input": images, "logits": logits}, f"{folder}/{variant}.safetensors")


def state(model):
    """All weights, but for the first EfficientNet's normalisation of images, which effnet takes from its dialect."""
    layers = [layer for layer in model.layers if type(layer).__name__ != "Normalization"]
    return [value for layer in layers for value in layer.get_weights()]


def check(folder, variant):
    import tf_keras

    expected = state(keras.saving.load_model(f"{folder}/{variant}.keras", compile=False))
    for kind, program in ((".weights.h5", keras), (".h5", keras), (".h5", tf_keras)):
        model = build(variant, program.applications)
        model.load_weights(f"{folder}/{variant}.back{kind}")
        found = state(model)
        same = len(found) == len(expected) and all(np.array_equal(one, other) for one, other in zip(found, expected))
        # A model that ignored the file would have other weights.
        assert same, f"{variant}{kind} has another state in {program.__name__}"
        print(f"{variant}{kind}: {len(found)} weights are identical in {program.__name__} {program.__version__}")


for name in sys.argv[3:]:
    {"make": make, "check": check}[sys.argv[1]](sys.argv[2], name)
