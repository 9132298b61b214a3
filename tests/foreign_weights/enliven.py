"""Random weights under which logits say something of images, for networks of PyTorch's programs."""

import torch
from torch import nn

# The least variance that a normalisation expects of a channel, of the mean square of all channels.
LEAST = 0.7
# The classes of the programs' blocks.
BLOCKS = ("ConvBnAct", "EdgeResidual", "DepthwiseSeparableConv", "InvertedResidual", "FusedMBConv", "MBConv", "MBConvBlock")


def enliven(network, images):
    """Norms that do something, branches that are smaller than their shortcuts, and statistics near those of these images,
    where a channel that hardly varies is not blown up. Without these, logits say little of the images, or deep networks
    amplify roundings beyond any bound."""
    network.eval()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.data.uniform_(0.7, 1.3)
        norm.bias.data.normal_(0, 0.2)
        norm.momentum = 1.0
        norm.train()
    for block in network.modules():
        if type(block).__name__ in BLOCKS:
            last = [module for module in block.modules() if module in norms][-1]
            last.weight.data.uniform_(0.3, 0.7)
    with torch.no_grad():
        network(images)
    for norm in norms:
        square = (norm.running_var + norm.running_mean**2).mean().item()
        norm.running_var.clamp_(min=LEAST * square)
        norm.eval()
