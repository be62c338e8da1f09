"""Outputs, parameter counts and names of MONAI's VNet for tests/networks/segmentation/vnet_test.cpp.

pip install torch==2.11.0 monai==1.5.1, then: python vnet.py
"""
import torch
from closed_formula import HERE, fill_by_formula, formula_input, write_golden
from monai.networks.nets import VNet


@torch.no_grad()
def golden(name, size, **options):
    network = fill_by_formula(VNet(**options)).eval()
    output = network(formula_input([1, options["in_channels"], *size]))
    write_golden(name, output, "monai", parameters=sum(p.numel() for p in network.parameters()))


golden("vnet_3d.txt", [16, 16, 32], spatial_dims=3, in_channels=1, out_channels=2)
golden("vnet_2d.txt", [48, 32], spatial_dims=2, in_channels=4, out_channels=3, act="prelu")
names = sorted(VNet(spatial_dims=3, in_channels=1, out_channels=2, act="prelu").state_dict())
(HERE / "vnet_names.txt").write_text("\n".join(names) + "\n")
