"""Networks with random weights, as timm makes them."""

import timm
import torch
from safetensors.torch import save_file


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


def in_f64(network):
    """The logits of images as a function."""
    network = network.double()

    def logits(images):
        with torch.no_grad():
            return network(torch.from_numpy(images).double()).numpy()

    return logits
