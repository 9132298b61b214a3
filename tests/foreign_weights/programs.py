"""Networks of PyTorch's programs, by effnet's names of variants, and by tables of the user's, `tiny*.table`."""

import contextlib
import functools
import io

import efficientnet_lite_pytorch
import efficientnet_pytorch
import timm
import torchvision
from timm.models import efficientnet as timms
from torch import nn
from torchvision.models import efficientnet as torchvisions

from tables import is_table, rows

CLASSES = 10
# Height and width of images. No multiples of 32, so that paddings differ.
SIZE = (64, 81)

V2 = ["s", "m", "l", "xl", "b0", "b1", "b2", "b3"]
V1 = [f"efficientnet-b{number}" for number in range(8)]
LITE = [f"lite{number}" for number in range(5)]
RW = [f"efficientnetv2_rw_{size}" for size in "tsm"]
# The variants that each program has, and the tables that its own builder can build.
PROGRAMS = {
    "timm": [*V2, *V1, *LITE, *RW, "tiny", "tiny-mbconv"],
    "torchvision": [*V2[:3], *V1, "tiny", "tiny-mbconv"],
    "lukemelas": [*V1, *LITE, "tiny-mbconv"],
}


def build(program, variant):
    """A network of a program's own builder, with weights of its own."""
    if is_table(variant):
        return {"timm": of_timm, "torchvision": of_torchvision, "lukemelas": of_lukemelas}[program](rows(variant))
    if program == "timm":
        return timm.create_model(timms_name(variant), num_classes=CLASSES)
    if program == "torchvision":
        name = variant.replace("-", "_") if variant in V1 else f"efficientnet_v2_{variant}"
        return getattr(torchvision.models, name)(num_classes=CLASSES)
    library, name = efficientnet_pytorch, variant
    if variant in LITE:
        library, name = efficientnet_lite_pytorch, f"efficientnet-{variant}"
    return silent(library.EfficientNet.from_name(name, num_classes=CLASSES, image_size=SIZE))


def timms_name(variant):
    if variant in RW:
        return variant
    return f"tf_efficientnetv2_{variant}" if variant in V2 else f"tf_efficientnet_{variant.removeprefix('efficientnet-')}"


def silent(network):
    """lukemelas' Lite prints shapes."""
    forward = network.forward

    @functools.wraps(forward)
    def quiet(images):
        with contextlib.redirect_stdout(io.StringIO()):
            return forward(images)
    network.forward = quiet
    return network


def of_timm(rows):
    stages = []
    for repeats, kernel, stride, expansion, _, out, operator, squeezed in rows:
        kinds = {("fused", True): "cn", ("fused", False): "er", ("mbconv", True): "ds", ("mbconv", False): "ir"}
        words = [kinds[operator, expansion == 1], f"r{repeats}", f"k{kernel}", f"s{stride}", f"e{expansion}", f"c{out}"]
        words += [f"se{squeezed}"] if squeezed else []
        words += ["skip"] if words[0] == "cn" else []
        stages.append(["_".join(words)])
    norm = functools.partial(nn.BatchNorm2d, eps=1e-3)
    return timms.EfficientNet(
        timms.decode_arch_def(stages), num_classes=CLASSES, stem_size=rows[0][4], pad_type="same", act_layer=nn.SiLU,
        norm_layer=norm,
    )


def of_torchvision(rows):
    settings = []
    for repeats, kernel, stride, expansion, into, out, operator, _ in rows:
        kind = torchvisions.FusedMBConvConfig if operator == "fused" else torchvisions.MBConvConfig
        settings.append(kind(expansion, kernel, stride, into, out, repeats))
    norm = functools.partial(nn.BatchNorm2d, eps=1e-3)
    return torchvisions.EfficientNet(settings, dropout=0.2, num_classes=CLASSES, norm_layer=norm, last_channel=1280)


def of_lukemelas(rows):
    names = ["num_repeat", "kernel_size", "stride", "expand_ratio", "input_filters", "output_filters"]
    args = [
        efficientnet_pytorch.utils.BlockArgs(**dict(zip(names, row)), se_ratio=row[7], id_skip=True) for row in rows
    ]
    _, settings = efficientnet_pytorch.utils.get_model_params(
        "efficientnet-b0", {"num_classes": CLASSES, "image_size": SIZE}
    )
    return efficientnet_pytorch.EfficientNet(args, settings)
