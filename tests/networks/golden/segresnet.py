"""Outputs, parameter counts and names of MONAI's SegResNet for tests/networks/segmentation/segresnet_test.cpp.

pip install torch==2.11.0 monai==1.5.1, then: python segresnet.py
"""
import torch
from monai.networks.nets import SegResNet

from closed_formula import HERE, fill_by_formula, formula_input, write_golden


def golden(name, size, **options):
    network = fill_by_formula(SegResNet(**options)).eval()
    with torch.no_grad():
        output = network(formula_input([1, options["in_channels"], *size]))
    write_golden(name, output, "monai", parameters=sum(p.numel() for p in network.parameters()))


golden("segresnet_2d.txt", [24, 40], spatial_dims=2, in_channels=2, out_channels=3)
golden("segresnet_3d.txt", [16, 24, 8], spatial_dims=3, in_channels=2, out_channels=4)
golden("segresnet_3d_other.txt", [12, 8, 20], spatial_dims=3, in_channels=1, out_channels=3, init_filters=12,
       blocks_down=(2, 1, 1), blocks_up=(2, 1), norm=("GROUP", {"num_groups": 4}))
names = sorted(SegResNet(3, in_channels=1, out_channels=3).state_dict())
(HERE / "segresnet_names.txt").write_text("\n".join(names) + "\n")
