"""A data set's folder as nnU-Net wants it, for the peers that read one."""
import json
import os
from pathlib import Path

NAME = "Dataset004_Benchmark"


def use_folders(work):
    """Where nnU-Net keeps its things; before nnunetv2 is imported."""
    for part in ("raw", "preprocessed", "results"):
        os.environ["nnUNet_" + part] = str(work / part)


def raw_folder(root, work):
    """The data set, of Decathlon's or nnU-Net's layout, in nnU-Net's layout, by links. Returns the number of cases."""
    about = json.loads((root / "dataset.json").read_text())
    raw = work / "raw" / NAME
    if "training" not in about:
        os.makedirs(work / "raw")
        os.symlink(root, raw)
        return about["numTraining"]
    for name in ("imagesTr", "labelsTr"):
        (raw / name).mkdir(parents=True)
    cases = [Path(one["image"]).name.removesuffix(".nii.gz") for one in about["training"]]
    cases = [one for one in cases if (root / "imagesTr" / f"{one}.nii.gz").exists()]
    for one in cases:
        os.symlink(root / "imagesTr" / f"{one}.nii.gz", raw / "imagesTr" / f"{one}_0000.nii.gz")
        os.symlink(root / "labelsTr" / f"{one}.nii.gz", raw / "labelsTr" / f"{one}.nii.gz")
    channels = about.get("channel_names") or about["modality"]
    (raw / "dataset.json").write_text(json.dumps({
        "channel_names": channels, "labels": {name: int(label) for label, name in about["labels"].items()},
        "numTraining": len(cases), "file_ending": ".nii.gz"}))
    return len(cases)
