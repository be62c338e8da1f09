"""Values of peers that image_quality_test.cpp and tests/losses/super_resolution/image_losses_test.cpp compare with.

scikit-image 0.26.0, MONAI 1.5.1, pytorch-msssim 1.0.0, torch 2.11. Images follow closed formulas of the index, so that
only these numbers are kept. Run: python golden_image_quality.py
"""
import numpy
import torch
from monai.losses import SSIMLoss
from monai.metrics import MultiScaleSSIMMetric, PSNRMetric, SSIMMetric
from pytorch_msssim import ms_ssim as other_ms_ssim
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

def images(shape):
    i = torch.arange(int(numpy.prod(shape)), dtype=torch.float64)
    reference = (100 + 60 * torch.sin(0.013 * i) + 30 * torch.cos(0.71 * i)).view(shape)
    image = reference + (8 * torch.sin(1.3 * i + 0.5) + 5 * torch.cos(0.0071 * i)).view(shape)
    return image, reference

RANGE = 255.0
for shape in ([40, 53], [17, 20, 23], [181, 190], [24, 26, 48]):
    image, reference = images(shape)
    a, b = image.numpy(), reference.numpy()
    print(shape, "psnr", f"{peak_signal_noise_ratio(b, a, data_range=RANGE):.10f}")
    print(shape, "ssim of scikit-image", f"""{structural_similarity(b, a, data_range=RANGE, gaussian_weights=True,
          sigma=1.5, use_sample_covariance=False):.10f}""")
    x, y = image[None, None], reference[None, None]
    axes = len(shape)
    monai = SSIMMetric(axes, data_range=RANGE)(x.double(), y.double())
    print(shape, "ssim of MONAI", f"{monai.item():.10f}")
    print(shape, "psnr of MONAI", f"{PSNRMetric(RANGE)(x, y).item():.10f}")
    print(shape, "loss of MONAI", f"{SSIMLoss(axes, data_range=RANGE)(x.float(), y.float()).item():.8f}")
    if shape == [181, 190]:
        print(shape, "ms-ssim of MONAI",
              f"{MultiScaleSSIMMetric(axes, data_range=RANGE, kernel_size=11)(x, y).item():.10f}")
    if shape == [24, 26, 48]:
        weights = numpy.array([0.0448, 0.2856])
        print(shape, "ms-ssim of MONAI, 2 scales",
              f"""{MultiScaleSSIMMetric(axes, data_range=RANGE, kernel_size=11,
                  weights=tuple(weights / weights.sum()))(x, y).item():.10f}""")

# pytorch-msssim pads odd sizes; at these sizes it does not. Two channels.
image, reference = images([1, 2, 176, 192])
print([1, 2, 176, 192], "ms-ssim of pytorch-msssim", f"{other_ms_ssim(image, reference, data_range=RANGE).item():.10f}")
