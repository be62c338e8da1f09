"""Values of MONAI's segmentation losses that golden_losses_test.cpp compares with. MONAI 1.5.1, torch 2.11.

Logits and targets follow closed formulas of the flat index, so that only these numbers are kept.
Run: python golden_losses.py
"""
import torch
from monai.losses import (DiceLoss, FocalLoss, GeneralizedDiceLoss, HausdorffDTLoss, SoftclDiceLoss,
                          SoftDiceclDiceLoss, TverskyLoss)

def inputs(shape, classes):
    voxels = shape[0] * torch.tensor(shape[1:]).prod().item()
    i = torch.arange(voxels * classes, dtype=torch.float64)
    logits = (3 * torch.sin(1.3 * i + 0.5) + 2 * torch.sin(0.05 * i)).view(shape[0], classes, *shape[1:])
    j = torch.arange(voxels)
    target = ((j // 5 + j // 11) % classes).view(shape)
    hot = torch.nn.functional.one_hot(target, classes).movedim(-1, 1).double()
    return logits, target, hot

for shape in ([2, 9, 11], [2, 5, 6, 7]):
    logits, target, hot = inputs(shape, 3)
    common = dict(softmax=True, include_background=False)
    losses = {
        "dice": DiceLoss(**common),
        "dice with background": DiceLoss(softmax=True),
        "squared batch dice": DiceLoss(squared_pred=True, batch=True, **common),
        "generalized dice": GeneralizedDiceLoss(softmax=True),
        "tversky": TverskyLoss(alpha=0.3, beta=0.7, **common),
        "hausdorff": HausdorffDTLoss(**common),
    }
    for name, loss in losses.items():
        print(shape, name, f"{loss(logits, hot).item():.10f}")
    # MONAI averages over the classes too.
    print(shape, "focal", f"{3 * FocalLoss(use_softmax=True, include_background=True, gamma=2)(logits, hot).item():.10f}")
    print(shape, "focal alpha",
          f"{3 * FocalLoss(use_softmax=True, include_background=True, gamma=2, alpha=0.25)(logits, hot).item():.10f}")
    # Two classes: MONAI sums over all classes above 0 before the ratio.
    logits, target, hot = inputs(shape, 2)
    p = torch.softmax(logits, 1)
    print(shape, "cldice", f"{SoftclDiceLoss()(hot, p).item():.10f}")
    print(shape, "dice and cldice", f"{SoftDiceclDiceLoss()(hot, p).item():.10f}")
