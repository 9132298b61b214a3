"""Networks with random weights, as timm and effnet make them, and their ONNX files."""

import subprocess

import timm
import torch
from safetensors.torch import save_file

# Our names, and timm's, of what the sample exports, and of the rest.
SAMPLE = {"b0": "tf_efficientnetv2_b0", "efficientnet-b0": "tf_efficientnet_b0", "lite0": "tf_efficientnet_lite0"}
REST = {name: f"tf_efficientnetv2_{name}" for name in ["b1", "b2", "b3", "s", "m", "l", "xl"]}

# Every word of rows and settings, in networks that train on the bundled digits in seconds.
ROWS = """
    [1, 3, 1, 1, 16, 16, fused, 0, { shortcut: false }],
    [1, 3, 1, 1, 16, 16, fused, 0.25, { expand_conv: true, activation: relu }],
    [2, 3, 2, _, 16, 24, fused, 0, { expanded: 40, project_activation: true, same_stage: true }],
    [2, 5, 1, 1, 24, 24, mbconv, _, { expand_conv: true, squeezed: 5, activation: hard_swish }],
    [2, 3, 1, 1, 24, 24, mbconv, 0.25, { project_activation: true }],
    [2, 3, 1, _, 24, 32, mbconv, 0.5, { expanded: 72, activation: relu6, same_stage: true }],
    [1, 3, 1, 1, 32, 32, conv, 0, { shortcut: true }],
    [1, 1, 2, 1, 32, 40, conv, 0, { activation: relu }],
"""
SETTINGS = [
    "num_features: 64",
    "head: none, stem_kernel: 1, se_of: expanded, padding: same",
    "head: pooled, num_features: 72, activation: hard_swish, stem_kernel: 5, se_gate: hard_sigmoid, padding: same",
    "head: pooled, head_bias: false, num_features: 72, stem_kernel: 7, se_activation: relu",
]


def of_timm(name, folder):
    """timm's network of a name, and the file with its weights: norms that do something, branches that are smaller than
    their shortcuts, and statistics near those of random images. Without these, deep networks amplify roundings beyond any
    bound."""
    torch.manual_seed(0)
    network = timm.create_model(name)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.data.uniform_(0.7, 1.3)
        norm.bias.data.normal_(0, 0.2)
        norm.momentum = 1.0
    for block in (block for stage in network.blocks for block in stage):
        last = [module for module in block.modules() if module in norms][-1]
        last.weight.data.uniform_(0.1, 0.4)
    for module in network.modules():
        if hasattr(module, "drop_prob"):
            module.drop_prob = 0.0
    network.train()
    with torch.no_grad():
        network(torch.randn(4, 3, 208, 208))
    for norm in norms:
        norm.running_var.clamp_(min=0.3)
    file = folder / f"{name}.safetensors"
    save_file(network.state_dict(), file)
    return network.eval(), file


def of_table(effnet, settings, folder):
    """The flags that name a network of every word, and the file with its weights after an epoch of training."""
    table = folder / "words.table"
    table.write_text(f"<{ROWS}> {{ {settings} }}")
    run = folder / "run"
    flags = ["--epochs", "1", "--size", "32", "--batch", "64", "--quiet", "--output", run]
    subprocess.run([effnet, "train", "--table", table, *flags], check=True, stdout=subprocess.DEVNULL)
    return run / "checkpoints" / "last.safetensors"
