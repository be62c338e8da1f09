"""How long nnU-Net v2 takes for fingerprint, plan and preprocessing: `medvol benchmark preparation peer=…`.

preparation_peer.py WORK: reads WORK/job.json, writes WORK/peer.json. Once for each number of worker processes; then,
without workers, the preprocessing of the cases one after the other in this process (`alone`), which leaves out what
starting Python workers costs. What importing nnunetv2 takes is in no figure.
"""
import json
import os
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path


def raw_folder(root, work):
    """The data set, of Decathlon's or nnU-Net's layout, in nnU-Net's layout, by links."""
    about = json.loads((root / "dataset.json").read_text())
    raw = work / "raw" / "Dataset004_Benchmark"
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


def timed(work_of):
    begin = time.perf_counter()
    work_of()
    return time.perf_counter() - begin


def main():
    work = Path(sys.argv[1])
    job = json.loads((work / "job.json").read_text())
    root, spacing, name = Path(job["data"]), job["spacing"] or None, job["configuration"]
    for part in ("raw", "preprocessed", "results"):
        os.environ["nnUNet_" + part] = str(work / part)
    cases = raw_folder(root, work)
    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    runs = []
    for count in job["processes"]:
        shutil.rmtree(work / "preprocessed", ignore_errors=True)
        (work / "preprocessed" / "Dataset004_Benchmark").mkdir(parents=True)
        runs.append({
            "processes": count,
            "fingerprint": timed(lambda: DatasetFingerprintExtractor(4, count).run(overwrite_existing=True)),
            "plan": timed(lambda: ExperimentPlanner(4, overwrite_target_spacing=spacing).plan_experiment()),
            "preprocess": timed(lambda: DefaultPreprocessor(verbose=False).run(4, name, "nnUNetPlans", count))})
    folder = work / "preprocessed" / "Dataset004_Benchmark"
    plans = PlansManager(str(folder / "nnUNetPlans.json"))
    configuration = plans.get_configuration(name)
    about = json.loads((folder / "dataset.json").read_text())
    files = get_filenames_of_train_images_and_targets(str(work / "raw" / "Dataset004_Benchmark"), about)
    out = work / "alone"
    out.mkdir()

    def alone():
        preprocessor = DefaultPreprocessor(verbose=False)
        for case, one in files.items():
            preprocessor.run_case_save(str(out / case), one["images"], one["label"], plans, configuration, about)

    peers = ("nnunetv2", "batchgenerators", "SimpleITK", "torch")
    (work / "peer.json").write_text(json.dumps({
        "versions": {peer: version(peer) for peer in peers}, "cases": cases, "runs": runs, "alone": timed(alone),
        "patch_size": configuration.patch_size, "batch_size": configuration.batch_size,
        "spacing": configuration.spacing}))


if __name__ == "__main__":
    main()
