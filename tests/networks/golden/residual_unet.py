"""Outputs of the real ResidualEncoderUNet that tests/networks/segmentation/residual_unet_test.cpp compares with.

pip install dynamic-network-architectures, then: python residual_unet.py
"""
import planned_network
from dynamic_network_architectures.architectures.unet import ResidualEncoderUNet
from planned_network import count, golden


def build(dimensions, features, blocks, channels=1, classes=3, kernels=None, strides=None):
    return planned_network.build(ResidualEncoderUNet, dimensions, features, blocks, 1, channels, classes, kernels, strides, False)


golden("residual_unet_3d.txt", build(3, [4, 8, 12], [1, 3, 4], 2), [2, 12, 8, 16])
golden("residual_unet_2d.txt", build(2, [4, 8, 8, 16], [1, 3, 4, 6]), [1, 24, 32])
golden("residual_unet_anisotropic.txt",
       build(3, [4, 8, 8], [1, 2, 2], 1, 4, [[1, 3, 3], [3, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2], [1, 2, 2]]),
       [1, 3, 24, 16])
print("3D, six stages:", count(build(3, [32, 64, 128, 256, 320, 320], [1, 3, 4, 6, 6, 6], 1, 2)))
