"""What the real nnU-Net v2 makes of real cases; wrote nnunet_preprocessing.json beside it.

    python nnunet_preprocessing.py "$MEDVOL_TEST_DATA"

Run with nnunetv2 2.8.1, batchgenerators 0.25.1, scikit-image 0.26.0 (experiments/benchmarks/peers.txt). Its
DefaultPreprocessor gets the files and a plans.json, which is kept with the result. Its reader is NibabelIOWithReorient,
which orients to RAS as medvol does. Kept of the arrays: shape, sums, every k-th voxel, and of the labels
a BLAKE2b hash of all.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

for name in ("raw", "preprocessed", "results"):
    os.environ["nnUNet_" + name] = "/nonexistent"

import numpy as np  # noqa: E402
from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor  # noqa: E402
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager  # noqa: E402

ROOT = Path(sys.argv[1])
IMAGE = "msd_task04_hippocampus/imagesTr/hippocampus_004.nii.gz"
LABEL = "msd_task04_hippocampus/labelsTr/hippocampus_004.nii.gz"
TCGA = "tcga_brats_toolkit/BraTS-Toolkit/data/TCGA-DU-7294/TCGA-DU-7294_brainles/"
CT = "totalsegmentator_tests/tests/reference_files/example_{}.nii.gz"
SPINE = "panoptica_spine/examples/spine_seg/semantic/{}.nii.gz"
CORD = "sct_spinalcord/t2s/{}.nii.gz"
PROSTATE = "prostatex_0000/imgs/Prostatex_0000{}.nii.gz"
MODALITIES = [TCGA + f"raw_bet/TCGA-DU-7294_{m}_bet.nii.gz" for m in ("t1", "t1c", "t2", "fla")]
Z, C, N, R = "ZScoreNormalization", "CTNormalization", "NoNormalization", "RescaleTo01Normalization"
NUMBERS = {"mean": 41.7, "median": 50.0, "std": 133.9, "min": -900.0, "max": 1500.0, "percentile_00_5": -871.5,
           "percentile_99_5": 811.25}

# name: images, labels, normalisation, inside the mask, transpose_forward, spacing (two numbers: 2d)
CASES = {
    "as it is": ([IMAGE], LABEL, [Z], [False], [0, 1, 2], [1, 1, 1]),
    "finer and coarser axes": ([IMAGE], LABEL, [Z], [False], [0, 1, 2],
                               [.8, 1.1, 1.3]),
    "2d": ([IMAGE], LABEL, [R], [False], [0, 1, 2], [.7, 1.25]),
    "CT of many labels": ([CT.format("ct")], CT.format("seg_fast_force_split"), [C], [False], [0, 1, 2],
                          [2.6, 3.4, 3.9]),
    "CT on a low resolution": ([CT.format("ct")], CT.format("seg_fast_force_split"), [C], [False], [0, 1, 2],
                               [5.1, 5.1, 5.1]),
    "thick slices": ([PROSTATE.format("")], PROSTATE.format("_lab"), [Z], [False], [0, 1, 2], [2.2, .73, .61]),
    "very thick slices": ([CORD.format("t2s")], CORD.format("t2s_seg"), [Z], [False], [0, 1, 2], [5, .4, .35]),
    "thick slices, 2d": ([CORD.format("t2s")], CORD.format("t2s_seg"), [N], [False], [0, 1, 2], [.61, .44]),
    "sagittal": ([SPINE.format("pred")], SPINE.format("ref"), [R], [False], [2, 0, 1], [3, 1.1, 1.3]),
    "sagittal, 2d": ([SPINE.format("pred")], SPINE.format("ref"), [N], [False], [2, 0, 1], [1.9, 1.6]),
    "four channels inside the brain": (MODALITIES, TCGA + "fusion/mav.nii.gz", [Z, Z, C, Z], [True, True, False, True],
                                       [0, 1, 2], [1, 1, 1]),
    "four channels on a low resolution": (MODALITIES, TCGA + "fusion/mav.nii.gz", [Z, Z, N, R],
                                          [True, True, False, False], [1, 0, 2], [2.3, 2.1, 1.9]),
}


def plans_of(normalization, masked, transpose, spacing):
    axes = len(spacing)
    resampling = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    fn = "resample_data_or_seg_to_shape"
    ones, twos, threes = [1] * axes, [2] * axes, [3] * axes
    network = {"n_stages": 2, "features_per_stage": [32, 64], "conv_op": f"torch.nn.modules.conv.Conv{axes}d",
               "kernel_sizes": [threes, threes], "strides": [ones, twos], "n_conv_per_stage": [2, 2],
               "n_conv_per_stage_decoder": [2]}
    configuration = {
        "data_identifier": "x", "preprocessor_name": "DefaultPreprocessor", "batch_size": 2, "patch_size": [8] * axes,
        "median_image_size_in_voxels": [8] * axes, "spacing": spacing, "normalization_schemes": normalization,
        "use_mask_for_norm": masked, "resampling_fn_data": fn, "resampling_fn_seg": fn,
        "resampling_fn_data_kwargs": resampling, "resampling_fn_seg_kwargs": {**resampling, "is_seg": True, "order": 1},
        "resampling_fn_probabilities": fn, "resampling_fn_probabilities_kwargs": {**resampling, "order": 1},
        "architecture": {"network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
                         "arch_kwargs": network, "_kw_requires_import": ["conv_op"]},
        "batch_dice": False}
    return {"dataset_name": "made", "plans_name": "nnUNetPlans", "original_median_spacing_after_transp": [1, 1, 1],
            "original_median_shape_after_transp": [8, 8, 8], "image_reader_writer": "NibabelIOWithReorient",
            "transpose_forward": transpose, "transpose_backward": [transpose.index(i) for i in range(3)],
            "configurations": {"2d" if axes == 2 else "3d_fullres": configuration},
            "experiment_planner_used": "ExperimentPlanner", "label_manager": "LabelManager",
            "foreground_intensity_properties_per_channel": {str(i): NUMBERS for i in range(len(normalization))}}


def sample(values, count):
    step = max(1, values.size // count)
    return step, np.ravel(values)[::step]


def run(name, images, labels, *plan):
    plans = plans_of(*plan)
    manager = PlansManager(json.loads(json.dumps(plans)))
    configuration = manager.get_configuration(next(iter(plans["configurations"])))
    about = {"labels": {"background": 0, "some": 1}, "channel_names": {str(i): "x" for i in range(len(images))}}
    image, seg, _ = DefaultPreprocessor(verbose=False).run_case([str(ROOT / i) for i in images], str(ROOT / labels),
                                                                manager, configuration, about)
    assert image.dtype == np.float32
    seg = np.maximum(seg[0], 0).astype(np.uint8)
    step, kept = sample(image, 400)
    step_of_labels, kept_labels = sample(seg, 200)
    values, counts = np.unique(seg, return_counts=True)
    print(name, image.shape, {int(v): int(c) for v, c in zip(values, counts)} if len(values) < 9 else len(values))
    if len(sys.argv) > 2:  # all voxels, for looking into a difference
        np.save(Path(sys.argv[2]) / (name + ".image.npy"), image)
        np.save(Path(sys.argv[2]) / (name + ".labels.npy"), seg)
    return {"name": name, "images": images, "labels": labels, "plans": plans, "shape": list(image.shape), "step": step,
            "voxels": [float(f"{v:.7g}") for v in kept], "sums": [float(c.sum(dtype=np.float64)) for c in image],
            "squares": [float((c.astype(np.float64) ** 2).sum()) for c in image], "step_of_labels": step_of_labels,
            "label_voxels": kept_labels.tolist(), "label_counts": {str(v): int(c) for v, c in zip(values, counts)},
            "label_hash": hashlib.blake2b(np.ascontiguousarray(seg).tobytes(), digest_size=16).hexdigest()}


if __name__ == "__main__":
    made = [run(name, *case) for name, case in CASES.items()]
    Path(__file__).with_suffix(".json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
