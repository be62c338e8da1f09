"""Outputs, parameter counts and names of MONAI's UNETR for tests/networks/segmentation/unetr_test.cpp.

pip install torch==2.11.0 monai==1.5.1, then: python unetr.py

MONAI builds a cross-attention in every layer and never uses it. It is taken away here, and the output shown to be the
same without it.
"""
import torch
from monai.networks.nets import UNETR

from closed_formula import HERE, fill_by_formula, formula_input, write_golden


def without_cross_attention(network):
    for block in network.vit.blocks:
        assert not block.with_cross_attention
        del block.cross_attn, block.norm_cross_attn
    return network


def build(size, **options):
    network = UNETR(img_size=size, spatial_dims=len(size), **options).eval()
    x = formula_input([1, options["in_channels"], *size])
    with torch.no_grad():
        before = network(x)
        assert torch.equal(before, without_cross_attention(network)(x))
    return network, x


def golden(name, size, **options):
    network, x = build(size, hidden_size=48, mlp_dim=64, num_heads=4, feature_size=8, **options)
    with torch.no_grad():
        output = fill_by_formula(network)(x)
    write_golden(name, output, "monai", parameters=count(network))
    (HERE / "unetr_names.txt").write_text("\n".join(sorted(network.state_dict())) + "\n")


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


golden("unetr_2d.txt", [32, 48], in_channels=2, out_channels=3)
golden("unetr_3d.txt", [32, 48, 16], in_channels=1, out_channels=3)
print("the paper's defaults, 1 channel, 2 classes, 96³:", count(build([96] * 3, in_channels=1, out_channels=2)[0]))
print("2D, 4 channels, 3 classes, 224²:", count(build([224] * 2, in_channels=4, out_channels=3)[0]))
