"""The networks that are compared, as effnet trains them on its digits in seconds, and their ONNX files."""

import json
import subprocess

# Our names, and timm's, of what the sample exports, and of the rest.
SAMPLE = {"b0": "tf_efficientnetv2_b0", "efficientnet-b0": "tf_efficientnet_b0", "lite0": "tf_efficientnet_lite0"}
REST = {name: f"tf_efficientnetv2_{name}" for name in ["b1", "b2", "b3", "s", "m", "l", "xl"]}

# Every word of rows and settings.
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


def of_table(effnet, settings, folder):
    """The file with the weights of a network of every word."""
    table = folder / "words.table"
    table.write_text(f"<{ROWS}> {{ {settings} }}")
    return trained(effnet, folder, "--table", table)


def trained(effnet, folder, *network):
    """The file with a network's weights after an epoch of training."""
    run = folder / "run"
    flags = ["--epochs", "1", "--size", "32", "--batch", "64", "--quiet", "--output", run]
    subprocess.run([effnet, "train", *network, *flags], check=True, stdout=subprocess.DEVNULL)
    return run / "checkpoints" / "last.safetensors"


def export(effnet, out, *flags):
    """Writes a file, and returns what effnet says of it."""
    done = subprocess.run([effnet, "export", out, "--json", *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
