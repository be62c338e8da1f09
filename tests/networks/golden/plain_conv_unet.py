"""Outputs and parameter counts of the real PlainConvUNet that tests/networks/segmentation/unet_test.cpp compares with.

pip install dynamic-network-architectures, then: python plain_conv_unet.py
"""
import torch
from closed_formula import fill_by_formula, formula_input, write_golden
from dynamic_network_architectures.architectures.unet import PlainConvUNet


def build(dimensions, features, channels=1, classes=3, kernels=None, strides=None, deep_supervision=False):
    conv, norm = {2: (torch.nn.Conv2d, torch.nn.InstanceNorm2d),
                  3: (torch.nn.Conv3d, torch.nn.InstanceNorm3d)}[dimensions]
    stages = len(features)
    return PlainConvUNet(channels, stages, features, conv, kernels or [[3] * dimensions] * stages,
                         strides or [[1] * dimensions] + [[2] * dimensions] * (stages - 1), [2] * stages, classes,
                         [2] * (stages - 1), conv_bias=True, norm_op=norm,
                         norm_op_kwargs={"eps": 1e-5, "affine": True}, nonlin=torch.nn.LeakyReLU,
                         nonlin_kwargs={"inplace": True}, deep_supervision=deep_supervision)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@torch.no_grad()
def golden(name, network, shape):
    output = fill_by_formula(network).eval()(formula_input([1, *shape]))
    write_golden(name, output, "dynamic-network-architectures", parameters=count(network))


golden("unet_3d.txt", build(3, [4, 8, 12], 2), [2, 12, 8, 16])
golden("unet_2d.txt", build(2, [4, 8, 8, 16]), [1, 24, 32])
print(count(build(3, [32, 64, 128, 256], deep_supervision=True)))
print(count(build(3, [32, 64, 128, 256, 320, 320], 4, 4, deep_supervision=True)))
print(count(build(2, [32, 64, 128, 256, 512, 512], deep_supervision=True)))
print(count(build(3, [32, 64, 128], 2, 5, [[1, 3, 3], [3, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2], [2, 2, 2]], True)))
