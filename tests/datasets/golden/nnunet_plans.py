"""Plans of the real nnU-Net v2 for made-up data sets and for MSD hippocampus; wrote nnunet_plans.json beside it.

    python nnunet_plans.py "$MEDVOL_TEST_DATA/msd_task04_hippocampus"

Run with nnunetv2 2.8.1, dynamic-network-architectures 0.4.4, torch 2.11.0 (experiments/benchmarks/peers.txt). Its
planners are given a dataset.json and a dataset_fingerprint.json and read no images; networks are built on torch's meta
device, which only spares the weights' memory. Hippocampus goes through nnU-Net's own fingerprint too.
"""
import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

work = Path(tempfile.mkdtemp())
for name in ("raw", "preprocessed", "results"):
    (work / name).mkdir()
    os.environ["nnUNet_" + name] = str(work / name)

import torch  # noqa: E402
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor  # noqa
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner  # noqa: E402
from nnunetv2.experiment_planning.experiment_planners.residual_unets.residual_encoder_unet_planners import (  # noqa
    nnUNetPlannerResEncL, nnUNetPlannerResEncM, nnUNetPlannerResEncXL)

PLANNERS = {"nnunet": ExperimentPlanner, "resenc_m": nnUNetPlannerResEncM, "resenc_l": nnUNetPlannerResEncL,
            "resenc_xl": nnUNetPlannerResEncXL}
# The rest of a configuration never changes; hippocampus keeps all of it.
KEPT = ("data_identifier", "batch_size", "patch_size", "median_image_size_in_voxels", "spacing",
        "normalization_schemes", "use_mask_for_norm", "batch_dice", "inherits_from", "previous_stage", "next_stage")
KEPT_OF_NETWORK = ("n_stages", "features_per_stage", "kernel_sizes", "strides", "n_conv_per_stage",
                   "n_blocks_per_stage", "n_conv_per_stage_decoder")


def spread(count, shape, spacing, vary_shape=(0, 0, 0), vary_spacing=(0, 0, 0)):
    """Cases around a shape and a spacing (z, y, x), each axis moving to and fro in its own rhythm."""
    cases = []
    for i in range(count):
        wave = [((i * step) % 7 - 3) / 3 for step in (1, 2, 3)]
        cases.append(([round(s + v * w) for s, v, w in zip(shape, vary_shape, wave)],
                      [round(s + v * w, 6) for s, v, w in zip(spacing, vary_spacing, wave)]))
    return cases


# name: channels, labels, cropped share, cases
MADE = {
    "thick_slices": (["MRI"], ["organ"], 1.0, spread(31, (24, 320, 300), (5, .5, .5), (6, 40, 30), (1, .05, .05))),
    "thick_of_two_kinds": (["MRI"], ["a", "b", "c"], .9, spread(20, (10, 216, 256), (10, 1.5625, 1.5625), (2, 20, 20))
                           + spread(4, (19, 216, 256), (5, 1.4, 1.4))),
    "ten_percent_below_the_others": (["MRI"], ["a"], 1.0, spread(8, (12, 200, 200), (8, 2, 2))
                                     + spread(3, (60, 200, 200), (1.5, 2, 2))),
    "large_ct": (["CT"], ["liver", "tumour"], 1.0,
                 spread(60, (400, 512, 512), (.7, .7, .7), (60, 0, 0), (0, .05, .05))),
    "liver": (["CT"], ["liver", "tumour"], 1.0, spread(31, (482, 512, 512), (1, .767578, .767578))),
    "large_and_thick": (["CT"], [f"o{i}" for i in range(13)], 1.0,
                        spread(30, (140, 512, 512), (3, .8, .8), (40, 0, 0), (1.5, .1, .1))),
    "small_isotropic": (["T1"], ["a", "b"], .97, spread(60, (36, 50, 35), (1, 1, 1), (5, 6, 5))),
    "slices": (["rescale_to_0_1"], ["nucleus"], 1.0, spread(40, (1, 256, 320), (999, 1, 1), (0, 60, 0))),
    "rgb_pictures": (["rgb_to_0_1"] * 3, ["road"], 1.0, spread(22, (1, 1500, 1500), (999, 1, 1))),
    "prostate": (["T2", "ADC"], ["PZ", "TZ"], 1.0,
                 spread(32, (20, 320, 320), (3.6, .625, .625), (3, 60, 60), (.4, .1, .1))),
    "spine": (["CT"], [f"v{i}" for i in range(24)], 1.0,
              spread(23, (333, 171, 87), (.9, .41, 3.3), (101, 37, 11), (.2, .07, .3))),
    "sagittal": (["MRI"], ["cord"], 1.0, spread(50, (640, 640, 15), (.7, .7, 3.9), (64, 64, 3), (.1, .1, .5))),
    "coronal": (["MRI"], ["x"], 1.0, spread(21, (256, 60, 256), (1, 3.2, 1), (20, 9, 20))),
    "nearly_isotropic": (["MRI"], ["x", "y"], 1.0, spread(40, (180, 210, 170), (.99, 1, 1.01), (12, 9, 12))),
    "four_channels": (["T1", "CT", "noNorm", "FLAIR"], ["whole", "core", "enhancing"], .42,
                      spread(48, (138, 170, 137), (1, 1, 1), (4, 6, 5))),
    "few_cases": (["MRI"], ["x"], 1.0, spread(3, (33, 47, 190), (1, 1, 1))),
    "very_many_labels": (["CT"], [f"l{i}" for i in range(117)], 1.0,
                         spread(40, (220, 260, 260), (1.5, 1.5, 1.5), (60, 40, 40))),
}


def dataset_json(channels, labels, count, dataset):
    return {"channel_names": {str(i): c for i, c in enumerate(channels)},
            "labels": {"background": 0, **{n: i + 1 for i, n in enumerate(labels)}},
            "numTraining": count, "file_ending": ".nii.gz", "dataset": dataset,
            "overwrite_image_reader_writer": "SimpleITKIO"}


def plan(name, planner):
    with contextlib.redirect_stdout(io.StringIO()), torch.device("meta"):
        made = planner(name).plan_experiment()
    written = json.loads((work / "preprocessed" / name / (made["plans_name"] + ".json")).read_text())
    del written["foreground_intensity_properties_per_channel"]
    return written


def trimmed(plans):
    for configuration in plans["configurations"].values():
        network = configuration.pop("architecture", None)
        for key in [k for k in configuration if k not in KEPT]:
            del configuration[key]
        if network:
            kwargs = network["arch_kwargs"]
            configuration["architecture"] = {"network_class_name": network["network_class_name"],
                                             "arch_kwargs": {k: kwargs[k] for k in KEPT_OF_NETWORK if k in kwargs}}
    return plans


def made_up(number, name):
    channels, labels, share, cases = MADE[name]
    folder = f"Dataset{number:03d}_{name}"
    for place in ("raw", "preprocessed"):
        (work / place / folder).mkdir()
    dataset = {f"case_{i:03d}": {"images": [f"imagesTr/case_{i:03d}_0000.nii.gz"],
                                     "label": f"labelsTr/case_{i:03d}.nii.gz"}
               for i in range(len(cases))}
    (work / "raw" / folder / "dataset.json").write_text(json.dumps(dataset_json(channels, labels, len(cases), dataset)))
    numbers = dict.fromkeys(("mean", "median", "std", "min", "max", "percentile_00_5", "percentile_99_5"), 1.0)
    fingerprint = {"spacings": [c[1] for c in cases], "shapes_after_crop": [c[0] for c in cases],
                   "foreground_intensity_properties_per_channel": {str(i): numbers for i in range(len(channels))},
                   "median_relative_size_after_cropping": share}
    (work / "preprocessed" / folder / "dataset_fingerprint.json").write_text(json.dumps(fingerprint))
    del fingerprint["foreground_intensity_properties_per_channel"]
    plans = {}
    for key, planner in PLANNERS.items():
        try:
            plans[key] = trimmed(plan(folder, planner))
        except Exception as error:
            plans[key] = None
            print(name, key, "nnU-Net cannot plan it:", type(error).__name__, error)
    return {"name": folder, "channels": channels, "labels": labels, "fingerprint": fingerprint, "plans": plans}


def hippocampus(root):
    folder = "Dataset004_Hippocampus"
    source = json.loads((root / "dataset.json").read_text())
    (work / "raw" / folder / "imagesTr").mkdir(parents=True)
    (work / "raw" / folder / "labelsTr").mkdir()
    for image in sorted((root / "imagesTr").glob("hippo*.nii.gz")):
        stem = image.name.removesuffix(".nii.gz").removesuffix("_0000")
        os.symlink(image, work / "raw" / folder / "imagesTr" / f"{stem}_0000.nii.gz")
        os.symlink(root / "labelsTr" / f"{stem}.nii.gz", work / "raw" / folder / "labelsTr" / f"{stem}.nii.gz")
    count = len(list((work / "raw" / folder / "labelsTr").iterdir()))
    labels = [source["labels"][k] if k in source["labels"] else k for k in sorted(source["labels"])][1:]
    about = dataset_json(["MRI"], ["Anterior", "Posterior"], count, None)
    del about["dataset"], about["overwrite_image_reader_writer"]
    (work / "raw" / folder / "dataset.json").write_text(json.dumps(about))
    with contextlib.redirect_stdout(io.StringIO()):
        DatasetFingerprintExtractor(4, num_processes=2).run()
    fingerprint = json.loads((work / "preprocessed" / folder / "dataset_fingerprint.json").read_text())
    print("hippocampus", count, "cases", labels, fingerprint["foreground_intensity_properties_per_channel"])
    return {"fingerprint": fingerprint, "plans": {key: plan(folder, planner) for key, planner in PLANNERS.items()}}


if __name__ == "__main__":
    made = {"hippocampus": hippocampus(Path(sys.argv[1])),
            "made": [made_up(500 + i, name) for i, name in enumerate(MADE)]}
    Path(__file__).with_suffix(".json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
    shutil.rmtree(work)
