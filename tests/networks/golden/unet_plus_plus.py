"""Outputs, parameter counts and names of MONAI's BasicUNetPlusPlus for
tests/networks/segmentation/unet_plus_plus_test.cpp.

pip install torch==2.11.0 monai==1.5.1, then: python unet_plus_plus.py
"""
import torch
from closed_formula import HERE, fill_by_formula, formula_input, write_golden
from monai.networks.nets import BasicUNetPlusPlus


@torch.no_grad()
def golden(name, size, head=None, **options):
    network = fill_by_formula(BasicUNetPlusPlus(deep_supervision=head is not None, **options)).eval()
    output = network(formula_input([1, options["in_channels"], *size]))[head or 0]
    write_golden(name, output, "monai", parameters=sum(p.numel() for p in network.parameters()))


golden("unet_plus_plus_3d.txt", [32, 16, 48], spatial_dims=3, in_channels=2, out_channels=3,
       features=(4, 6, 8, 8, 10, 5))
golden("unet_plus_plus_2d.txt", [48, 32], spatial_dims=2, in_channels=1, out_channels=4, features=(4, 6, 8, 8, 10, 4))
golden("unet_plus_plus_2d_level2.txt", [48, 32], head=1, spatial_dims=2, in_channels=1, out_channels=4,
       features=(4, 6, 8, 8, 10, 4))
whole = BasicUNetPlusPlus(spatial_dims=3, in_channels=1, out_channels=2)
print("default, 3D:", sum(parameter.numel() for parameter in whole.parameters()))
(HERE / "unet_plus_plus_names.txt").write_text("\n".join(sorted(whole.state_dict())) + "\n")
