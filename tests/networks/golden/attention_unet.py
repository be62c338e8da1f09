"""Outputs, parameter counts and names of MONAI's AttentionUnet for tests/networks/segmentation/attention_unet_test.cpp.

pip install torch==2.11.0 monai==1.5.1, then: python attention_unet.py
"""
import torch
from closed_formula import HERE, fill_by_formula, formula_input, write_golden
from monai.networks.nets import AttentionUnet


@torch.no_grad()
def golden(name, size, **options):
    network = fill_by_formula(AttentionUnet(**options)).eval()
    output = network(formula_input([1, options["in_channels"], *size]))
    write_golden(name, output, "monai", parameters=sum(p.numel() for p in network.parameters()))


golden("attention_unet_3d.txt", [12, 8, 16], spatial_dims=3, in_channels=2, out_channels=3, channels=(4, 8, 12),
       strides=(2, 2))
golden("attention_unet_2d.txt", [24, 40], spatial_dims=2, in_channels=1, out_channels=4, channels=(4, 6, 8, 10),
       strides=(2, 2, 2))
golden("attention_unet_anisotropic.txt", [3, 16, 24], spatial_dims=3, in_channels=1, out_channels=2, channels=(4, 6, 8),
       strides=((1, 2, 2), (1, 2, 2)))
whole = AttentionUnet(spatial_dims=3, in_channels=1, out_channels=2, channels=(16, 32, 64, 128, 256),
                      strides=(2, 2, 2, 2))
print("16 … 256, 3D:", sum(parameter.numel() for parameter in whole.parameters()))
(HERE / "attention_unet_names.txt").write_text("\n".join(sorted(whole.state_dict())) + "\n")
