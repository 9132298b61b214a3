"""Every model of timm's five modules of this family: its counts, and its table or why it has none.

usage: generate.py            writes models.json beside itself (needs torch, timm)
       generate.py NAME ...   prints these models, and the names and shapes that `names` is a digest of

Parameters are trainable ones, at 1,000 classes. MACs are those of all convolutions (those of squeeze-and-excitations
too) and linear layers for one image of timm's own input size, without biases: what `Cost::macs` counts. Dropout and
drop path stand in no table here, because timm leaves them to its training scripts.
"""
from collections import Counter
from pathlib import Path
import json
import sys

import timm
import torch
from timm.models import get_arch_pretrained_cfgs
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

MODULES = ["efficientnet", "mobilenetv3", "hardcorenas", "ghostnet", "mobilenetv5"]
ACTIVATIONS = {"SiLU": "silu", "ReLU": "relu", "ReLU6": "relu6", "Hardswish": "hard_swish"}
GATES = {"Sigmoid": "sigmoid", "Hardsigmoid": "hard_sigmoid"}

# What the table does not say, by the class of timm's that computes it.
FOREIGN = {
    "GhostBottleneck": "ghost modules",
    "GhostBottleneckV3": "ghost modules",
    "UniversalInvertedResidual": "universal inverted bottlenecks",
    "MobileAttention": "attention",
    "CondConvResidual": "conditional convolutions",
    "MixedConv2d": "mixed kernels",
    "GroupNormAct": "group normalisation",
    "LayerNormAct2d": "layer normalisation",
    "EvoNorm2dS0": "evolved normalisation",
    "GlobalContext": "global context",
    "GELU": "GELU",
    "MobileNetV5MultiScaleFusionAdapter": "fusion of several scales",
}

# The settings' defaults; others are not written.
DEFAULTS = {
    "num_features": 1280, "bn_eps": 1e-3, "bn_momentum": 0.1, "padding": "symmetric", "activation": "silu",
    "head": "conv", "head_bias": "true", "se_gate": "sigmoid", "se_activation": None, "se_of": "input",
    "stem_kernel": 3, "scale": "v2", "width": 1.0, "depth": 1.0,
}

# The shares of channels that squeezed ones may be, tidiest first.
SE_RATIOS = [0.25, 0.5, 0.125]

# Width and depth of EfficientNet V1's models and of Lite's.
V1 = [("b0", 1.0, 1.0), ("b1", 1.0, 1.1), ("b2", 1.1, 1.2), ("b3", 1.2, 1.4), ("b4", 1.4, 1.8), ("b5", 1.6, 2.2),
      ("b6", 1.8, 2.6), ("b7", 2.0, 3.1), ("b8", 2.2, 3.6), ("l2", 4.3, 5.3)]
LITE = [("lite0", 1.0, 1.0), ("lite1", 1.0, 1.1), ("lite2", 1.1, 1.2), ("lite3", 1.2, 1.4), ("lite4", 1.4, 1.8)]
# Models that are another's rows, scaled: (model, the other, settings of the scaling).
SCALED = [
    *((f"{tf}efficientnet_{n}", f"{tf}efficientnet_b0", {"scale": "v1", "width": w, "depth": d})
      for tf in ["", "tf_"] for n, w, d in V1),
    *((f"{tf}efficientnet_{n}", f"{tf}efficientnet_lite0", {"scale": "lite", "width": w, "depth": d})
      for tf in ["", "tf_"] for n, w, d in LITE),
    *((f"tf_efficientnetv2_b{n}", "tf_efficientnetv2_b0", {"width": w, "depth": d})
      for n, w, d in [(0, 1.0, 1.0), (1, 1.0, 1.1), (2, 1.1, 1.2), (3, 1.2, 1.4)]),
    ("efficientnetv2_rw_t", "efficientnetv2_s", {"scale": "v1", "width": 0.8, "depth": 0.9}),
    *((f"mobilenetv2_{n}", "mobilenetv2_100", {"scale": "v1", "width": w, "min_features": 1280})
      for n, w in [("035", 0.35), ("050", 0.5), ("075", 0.75), ("100", 1.0), ("140", 1.4)]),
    *((f"mobilenetv2_{n}", "mobilenetv2_100", {"scale": "lite", "width": w, "depth": d})
      for n, w, d in [("110d", 1.1, 1.2), ("120d", 1.2, 1.4)]),
    *((f"{se}mnasnet_{n}", f"{se}mnasnet_100", {"scale": "v1", "width": w, "fixed_features": "true"})
      for se in ["", "se"] for n, w in [("050", 0.5), ("075", 0.75), ("100", 1.0), ("140", 1.4)]),
    ("mobilenetv1_125", "mobilenetv1_100", {"scale": "v1", "width": 1.25}),
    *((f"tinynet_{n}", "efficientnet_b0", {"scale": "lite", "width": w, "depth": d, "depth_rounding": "nearest"})
      for n, w, d in [("a", 1.0, 1.2), ("b", 0.75, 1.1), ("c", 0.54, 0.85), ("d", 0.54, 0.695), ("e", 0.51, 0.6)]),
    *((f"lcnet_{n}", "lcnet_100", {"scale": "v1", "width": w, "fixed_features": "true"})
      for n, w in [("035", 0.35), ("050", 0.5), ("075", 0.75), ("100", 1.0), ("150", 1.5)]),
]


class Reader:
    """What all modules of a model have in common, and what of it no table says."""

    def __init__(self):
        self.why, self.eps, self.momentum, self.gates, self.inner = set(), set(), set(), set(), set()
        self.same, self.symmetric = False, False

    def foreign(self, module):
        """Says why no table has this module: the known reasons within it, else its class."""
        known = {FOREIGN[name] for part in module.modules() if (name := type(part).__name__) in FOREIGN}
        self.why |= known or {type(module).__name__}

    def conv(self, module, depthwise=False, bias=False):
        """Kernel, stride, channels in and out of a convolution."""
        if type(module).__name__ not in ("Conv2d", "Conv2dSame"):
            self.foreign(module)
            return None
        kernel, stride = module.kernel_size[0], module.stride[0]
        if module.kernel_size != (kernel, kernel) or kernel % 2 == 0:
            self.why.add(f"kernels of {module.kernel_size}")
        if module.groups != (module.in_channels if depthwise else 1):
            self.why.add("group convolutions")
        if module.dilation != (1, 1) or module.stride != (stride, stride) or stride > 2:
            self.why.add("dilation or stride")
        if (module.bias is not None) != bias:
            self.why.add("a bias, or none")
        if type(module).__name__ == "Conv2dSame":
            self.same = True
        elif module.padding != (kernel // 2, kernel // 2):
            self.why.add(f"padding {module.padding}")
        elif stride == 2 and kernel > 1:
            self.symmetric = True
        return kernel, stride, module.in_channels, module.out_channels

    def norm(self, module):
        """The activation behind a batch normalisation, possibly none."""
        if type(module).__name__ != "BatchNormAct2d" or not module.affine or type(module.drop) is not nn.Identity:
            self.foreign(module)
            return None
        self.eps.add(module.eps)
        self.momentum.add(module.momentum)
        return self.activation(module.act)

    def activation(self, module):
        name = type(module).__name__
        if name != "Identity" and name not in ACTIVATIONS:
            self.why.add(name)
        return ACTIVATIONS.get(name)

    def squeeze(self, module, activation):
        """Squeezed channels of a squeeze-and-excitation in a block with this activation."""
        if type(module) is nn.Identity:
            return 0
        if type(module).__name__ != "SqueezeExcite":
            self.foreign(module)
            return 0
        gate = type(module.gate).__name__
        if gate not in GATES:
            self.why.add(f"the gate {gate}")
        self.gates.add(GATES.get(gate))
        self.inner.add((self.activation(module.act1), activation))
        self.conv(module.conv_reduce, bias=True)
        self.conv(module.conv_expand, bias=True)
        return module.conv_reduce.out_channels

    def block(self, module):
        """A block as a dictionary, with `expanded` None where it has no expand convolution."""
        kind = type(module).__name__
        if kind not in ("ConvBnAct", "DepthwiseSeparableConv", "InvertedResidual", "EdgeResidual"):
            self.foreign(module)
            return None
        if type(getattr(module, "aa", None)) not in (nn.Identity, type(None)):
            self.why.add("anti-aliasing")
        if getattr(module, "conv_s2d", None) is not None:
            self.why.add("space to depth")
            return None
        widen, squeezed, projected = None, 0, None
        if kind == "ConvBnAct":
            first = last = self.conv(module.conv)
            activation = self.norm(module.bn1)
        elif kind == "DepthwiseSeparableConv":
            first, activation = self.conv(module.conv_dw, depthwise=True), self.norm(module.bn1)
            last, projected = self.conv(module.conv_pw), self.norm(module.bn2)
        elif kind == "InvertedResidual":
            widen, activation = self.conv(module.conv_pw), self.norm(module.bn1)
            first, second = self.conv(module.conv_dw, depthwise=True), self.norm(module.bn2)
            last, projected = self.conv(module.conv_pwl), self.norm(module.bn3)
            if second != activation:
                self.why.add("several activations in a block")
        else:
            widen, activation = self.conv(module.conv_exp), self.norm(module.bn1)
            first, last, projected = widen, self.conv(module.conv_pwl), self.norm(module.bn2)
        if hasattr(module, "se"):
            squeezed = self.squeeze(module.se, activation)
        if self.why:
            return None
        if any(conv[:2] != (1, 1) for conv in [last, widen] if conv not in (first, None)):
            self.why.add("a pointwise convolution with a kernel or a stride")
        if projected not in (None, activation):
            self.why.add("another activation behind the projection")
        return {
            "operator": {"ConvBnAct": "cn", "EdgeResidual": "fused"}.get(kind, "mbconv"), "kernel": first[0],
            "stride": first[1], "inputs": (widen or first)[2], "outputs": last[3], "expanded": widen and widen[3],
            "squeezed": squeezed, "skip": module.has_skip, "activation": activation, "projected": projected is not None,
        }


class Table:
    """The rows of a model whose blocks are known, with the settings that are the whole network's."""

    def __init__(self, stages, activation, se_of):
        self.activation, self.se_of = activation, se_of
        self.rows = [row for stage in stages for row in self.of_stage(stage)]

    def of_stage(self, blocks):
        """The longest rows that one of timm's stages can be cut into."""
        rows = []
        while blocks:
            lengths = range(len(blocks), 0, -1)
            length, cells, options = next((n, *row) for n in lengths if (row := self.row(blocks[:n])))
            if rows:
                options["same_stage"] = "true"
            if options:
                cells.append(braces(options))
            rows.append(f"[{', '.join(map(str, cells))}],")
            blocks = blocks[length:]
        return rows

    def row(self, blocks):
        """The cells and options of one row of these blocks, or None."""
        first, others = blocks[0], blocks[1:]
        if any(b[key] != first[key] for b in others for key in ["operator", "kernel", "activation", "projected"]):
            return None
        if any((b["stride"], b["inputs"], b["outputs"]) != (1, first["outputs"], first["outputs"]) for b in others):
            return None
        skips = {b["skip"] for b in blocks if b["stride"] == 1 and b["inputs"] == b["outputs"]}
        expansion, squeeze = self.expansion(blocks), self.squeeze(blocks)
        if len(skips) > 1 or expansion is None or squeeze is None:
            return None
        operator, skip = first["operator"], next(iter(skips), None)
        if operator == "cn":
            operator = "conv" if first["kernel"] == 1 or skip is False else "fused"
        options = expansion[1] | squeeze[1]
        if skip is not None and skip == (operator == "conv"):
            options["shortcut"] = str(skip).lower()
        if first["activation"] != self.activation:
            options["activation"] = first["activation"]
        if first["projected"]:
            options["project_activation"] = "true"
        channels = first["inputs"], first["outputs"]
        return [len(blocks), first["kernel"], first["stride"], expansion[0], *channels, operator, squeeze[0]], options

    def expansion(self, blocks):
        """A cell and options: the ratio where it is whole, else the channels."""
        numbers = {b["expanded"] for b in blocks}
        if numbers == {None}:
            return 1, {}
        ratios = {divmod(b["expanded"] or 0, b["inputs"]) for b in blocks}
        if len(ratios) == 1 and (ratio := ratios.pop())[1] == 0:
            return ratio[0], {"expand_conv": "true"} if ratio[0] == 1 else {}
        return ("_", {"expanded": numbers.pop()}) if len(numbers) == 1 else None

    def squeeze(self, blocks):
        """A cell and options: 0, a tidy share, else the channels."""
        numbers = {b["squeezed"] for b in blocks}
        if numbers == {0}:
            return 0, {}
        for ratio in SE_RATIOS:
            if all(b["squeezed"] == self.squeezed(b, ratio) for b in blocks):
                return ratio, {}
        return ("_", {"squeezed": numbers.pop()}) if len(numbers) == 1 else None

    def squeezed(self, block, ratio):
        if self.se_of == "input":
            return max(1, int(block["inputs"] * ratio))
        share = (block["expanded"] or block["inputs"]) * ratio
        nearest = max(8, int(share + 4) // 8 * 8)
        return nearest + 8 if nearest < 0.9 * share else nearest


def braces(settings):
    return "{ " + ", ".join(f"{key}: {value}" for key, value in settings.items()) + " }"


def head(model, reader):
    """Settings of the head, and its activation."""
    if type(model).__name__ == "EfficientNet":
        if type(model.conv_head) is nn.Identity:
            return {"head": "none"}, None
        reader.conv(model.conv_head)
        return {"num_features": model.conv_head.out_channels}, reader.norm(model.bn2)
    bias = model.conv_head.bias is not None
    reader.conv(model.conv_head, bias=bias)
    if type(model.norm_head) is not nn.Identity:
        reader.why.add("normalisation in a head behind the pool")
        return {}, None
    settings = {"num_features": model.conv_head.out_channels, "head": "pooled", "head_bias": str(bias).lower()}
    return settings, reader.activation(model.act2)


def describe(model):
    """The rows and settings of a model; or None, and why not."""
    reader = Reader()
    if type(model).__name__ not in ("EfficientNet", "MobileNetV3"):
        reader.foreign(model)
        return None, sorted(reader.why)
    settings, last = head(model, reader)
    stem, activation = reader.conv(model.conv_stem), reader.norm(model.bn1)
    stages = [[reader.block(block) for block in stage] for stage in model.blocks]
    inner = {inner for inner, _ in reader.inner}
    rows_own = all(inner == own for inner, own in reader.inner)
    if reader.why:
        return None, sorted(reader.why)
    assert last in (None, activation) and (rows_own or len(inner) == 1) and not (reader.same and reader.symmetric)
    (eps,), (momentum,), [gate] = reader.eps, reader.momentum, reader.gates or {"sigmoid"}
    settings |= {
        "bn_eps": eps, "bn_momentum": momentum, "padding": "same" if reader.same else "symmetric",
        "activation": activation, "se_gate": gate, "se_activation": None if rows_own else inner.pop(),
        "stem_kernel": stem[0],
    }
    tables = [Table(stages, activation, se_of) for se_of in ["input", "expanded"]]
    table = min(tables, key=lambda table: ("squeezed" in str(table.rows), len(table.rows)))
    return table.rows, settings | {"se_of": table.se_of}


def changed(settings):
    return braces({key: value for key, value in settings.items() if value != DEFAULTS.get(key)})


def names(model):
    state = model.state_dict().items()
    return sorted(f"{name} {list(t.shape)}\n" for name, t in state if not name.endswith("num_batches_tracked"))


def fnv1a(text):
    digest = 0xCBF29CE484222325
    for byte in text.encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return digest


def macs(model, size):
    """Multiply-accumulates of convolutions and linear layers for one image."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(torch.empty(1, *size, device="meta"))
    counts, aten = counter.get_flop_counts()["Global"], torch.ops.aten
    return sum(counts.get(op, 0) for op in [aten.convolution, aten.addmm, aten.mm]) // 2


PIXELS = {
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)): "imagenet",
    ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)): "half",
    ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)): "unit",
}


def images(name):
    """How timm evaluates the model's weights, by all their configurations: size, fit, crop, interpolation, pixels."""
    configs = get_arch_pretrained_cfgs(name)
    lines = set()
    for config in configs.values():
        side, crop = config.input_size[1], config.crop_pct
        how = config.crop_mode, config.interpolation, PIXELS[config.mean, config.std]
        tests = (config.test_input_size or config.input_size)[1], config.test_crop_pct or crop
        lines |= {(side, how[0], crop, *how[1:]), (tests[0], how[0], tests[1], *how[1:])}
    return [" ".join(map(str, line)) for line in sorted(lines)]


def create(name):
    return timm.create_model(name, num_classes=1000, device="meta").eval()


def entry(name):
    model = create(name)
    size = model.pretrained_cfg["input_size"]
    assert size[1] == size[2], f"{name}'s images are not square"
    params = sum(p.numel() for p in model.parameters())
    found = {"name": name, "params": params, "size": size[1], "macs": macs(model, size)}
    rows, other = describe(model)
    if rows is None:
        return found | {"why_not": other}
    found["images"] = images(name)
    digest = fnv1a("".join(names(model)))
    found |= {"rows": rows, "settings": changed(other), "names": f"{digest:016x}"}
    for _, base, factors in (line for line in SCALED if line[0] == name):
        features = describe(create(base))[1].get("num_features")
        found["scaled"] = {"rows_of": base, "settings": changed(other | {"num_features": features or 1280} | factors)}
    return found


if sys.argv[1:]:
    for name in sys.argv[1:]:
        print(json.dumps(entry(name), indent=1))
        print("".join(names(create(name))), end="")
else:
    models = [entry(name) for module in MODULES for name in timm.list_models(module=module)]
    Path(__file__).with_name("models.json").write_text(json.dumps(models, indent=1) + "\n")
    print(len(models), "models,", sum("rows" in model for model in models), "expressible")
    reasons = Counter(", ".join(model["why_not"]) for model in models if "why_not" in model)
    print(*(f"{n:4} {why}" for why, n in reasons.most_common()), sep="\n")
