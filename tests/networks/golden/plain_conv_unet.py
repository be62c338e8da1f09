"""Outputs and parameter counts of the real PlainConvUNet that tests/networks/segmentation/unet_test.cpp compares with.

pip install dynamic-network-architectures, then: python plain_conv_unet.py
"""
import planned_network
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from planned_network import count, golden


def build(dimensions, features, channels=1, classes=3, kernels=None, strides=None, deep_supervision=False):
    return planned_network.build(PlainConvUNet, dimensions, features, [2] * len(features), 2, channels, classes, kernels, strides,
                                 deep_supervision)


golden("unet_3d.txt", build(3, [4, 8, 12], 2), [2, 12, 8, 16])
golden("unet_2d.txt", build(2, [4, 8, 8, 16]), [1, 24, 32])
print(count(build(3, [32, 64, 128, 256], deep_supervision=True)))
print(count(build(3, [32, 64, 128, 256, 320, 320], 4, 4, deep_supervision=True)))
print(count(build(2, [32, 64, 128, 256, 512, 512], deep_supervision=True)))
print(count(build(3, [32, 64, 128], 2, 5, [[1, 3, 3], [3, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2], [2, 2, 2]], True)))
