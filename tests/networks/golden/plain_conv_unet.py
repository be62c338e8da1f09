"""Parameter counts of the real PlainConvUNet that tests/networks/segmentation/unet_test.cpp expects.

pip install dynamic-network-architectures  (the version is printed), then: python plain_conv_unet.py
"""
from importlib.metadata import version

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet


def count(dimensions, features, channels=1, classes=3, kernels=None, strides=None):
    conv, norm = {2: (torch.nn.Conv2d, torch.nn.InstanceNorm2d), 3: (torch.nn.Conv3d, torch.nn.InstanceNorm3d)}[dimensions]
    stages = len(features)
    network = PlainConvUNet(channels, stages, features, conv, kernels or [[3] * dimensions] * stages,
                            strides or [[1] * dimensions] + [[2] * dimensions] * (stages - 1), [2] * stages, classes,
                            [2] * (stages - 1), conv_bias=True, norm_op=norm, norm_op_kwargs={"eps": 1e-5, "affine": True},
                            nonlin=torch.nn.LeakyReLU, nonlin_kwargs={"inplace": True}, deep_supervision=True)
    return sum(p.numel() for p in network.parameters())


print("dynamic-network-architectures", version("dynamic-network-architectures"))
print(count(3, [32, 64, 128, 256]))
print(count(3, [32, 64, 128, 256, 320, 320], 4, 4))
print(count(2, [32, 64, 128, 256, 512, 512]))
print(count(3, [32, 64, 128], 2, 5, [[1, 3, 3], [3, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2], [2, 2, 2]]))
