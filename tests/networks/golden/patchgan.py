"""Outputs, parameter counts and names of MONAI's PatchDiscriminator for tests/networks/adversarial/patchgan_test.cpp and
multiscale_test.cpp, and the block of its SPADE for spade_test.cpp.

pip install torch==2.11.0 monai==1.5.1, then: python patchgan.py
"""
import torch
from closed_formula import HERE, fill_by_formula, formula_input, write_golden
from monai.networks.nets import PatchDiscriminator
from monai.networks.nets.spade_network import SPADENetResBlock


def count(module):
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def patchgan(name, size, **options):
    network = fill_by_formula(PatchDiscriminator(**options)).eval()
    outputs = network(formula_input([2, options["in_channels"], *size]))
    write_golden(f"{name}.txt", outputs[-1], "monai", parameters=count(network))
    write_golden(f"{name}_features.txt", outputs[-2], "monai")
    return network


@torch.no_grad()
def multiscale():
    """Three discriminators on the image and its averaged halves, as pix2pixHD has them."""
    network = torch.nn.ModuleDict({
        f"discriminator_{i}": PatchDiscriminator(2, 4, 1, num_layers_d=2, norm="INSTANCE") for i in range(3)})
    fill_by_formula(network).eval()
    x = formula_input([1, 1, 56, 64])
    for i, scale in enumerate(network.values()):
        if i > 0:
            x = torch.nn.functional.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        write_golden(f"multiscale_{i}.txt", scale(x)[-1], "monai", parameters=count(network))


@torch.no_grad()
def spade_block(name, in_channels, out_channels, size):
    block = SPADENetResBlock(len(size), in_channels, out_channels, label_nc=3, spade_intermediate_channels=5).eval()
    for module in block.modules():
        if hasattr(module, "mlp_gamma"):  # MONAI leaves instance norms after scales and shifts; the paper has none
            module.mlp_gamma.adn = module.mlp_beta.adn = torch.nn.Identity()
    fill_by_formula(block)
    x, labels = formula_input([1, in_channels, *size]), formula_input([1, 3, *size])
    write_golden(name, block(x, labels), "monai", parameters=count(block))


batch = patchgan("patchgan_2d", [48, 40], spatial_dims=2, channels=8, in_channels=2, num_layers_d=3)
names = sorted(batch.state_dict())
(HERE / "patchgan_names.txt").write_text("\n".join(names) + "\n")
patchgan("patchgan_3d", [24, 20, 33], spatial_dims=3, channels=4, in_channels=1, num_layers_d=2, norm="INSTANCE")
multiscale()
spade_block("spade_block_2d.txt", 6, 4, [7, 9])
spade_block("spade_block_3d.txt", 4, 4, [4, 5, 6])
