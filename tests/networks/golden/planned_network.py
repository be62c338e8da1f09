"""What the scripts of dynamic-network-architectures' networks share: nnU-Net's arguments, and how a golden file is made."""
import torch
from closed_formula import fill_by_formula, formula_input, write_golden


def build(architecture, dimensions, features, encoder, decoder, channels, classes, kernels, strides, deep_supervision):
    """encoder: convolutions or blocks a stage; decoder: convolutions of each of its stages."""
    conv, norm = {2: (torch.nn.Conv2d, torch.nn.InstanceNorm2d),
                  3: (torch.nn.Conv3d, torch.nn.InstanceNorm3d)}[dimensions]
    stages = len(features)
    return architecture(channels, stages, features, conv, kernels or [[3] * dimensions] * stages,
                        strides or [[1] * dimensions] + [[2] * dimensions] * (stages - 1), encoder, classes,
                        [decoder] * (stages - 1), conv_bias=True, norm_op=norm,
                        norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU,
                        nonlin_kwargs={"inplace": True}, deep_supervision=deep_supervision)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@torch.no_grad()
def golden(name, network, shape):
    output = fill_by_formula(network).eval()(formula_input([1, *shape]))
    write_golden(name, output, "dynamic-network-architectures", parameters=count(network))
