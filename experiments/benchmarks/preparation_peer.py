"""How long nnU-Net v2 takes for fingerprint, plan and preprocessing: `medvol benchmark preparation peer=…`.

preparation_peer.py WORK: reads WORK/job.json, writes WORK/peer.json. Once for each number of worker processes; then,
without workers, the preprocessing of the cases one after the other in this process (`alone`), which leaves out what
starting Python workers costs. What importing nnunetv2 takes is in no figure.
"""
import json
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path

from nnunet_raw import NAME, raw_folder, use_folders


def timed(work_of):
    begin = time.perf_counter()
    work_of()
    return time.perf_counter() - begin


def main():
    work = Path(sys.argv[1])
    job = json.loads((work / "job.json").read_text())
    root, spacing, name = Path(job["data"]), job["spacing"] or None, job["configuration"]
    use_folders(work)
    cases = raw_folder(root, work)
    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
    from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    runs = []
    for count in job["processes"]:
        shutil.rmtree(work / "preprocessed", ignore_errors=True)
        (work / "preprocessed" / NAME).mkdir(parents=True)
        runs.append({
            "processes": count,
            "fingerprint": timed(lambda: DatasetFingerprintExtractor(4, count).run(overwrite_existing=True)),
            "plan": timed(lambda: ExperimentPlanner(4, overwrite_target_spacing=spacing).plan_experiment()),
            "preprocess": timed(lambda: DefaultPreprocessor(verbose=False).run(4, name, "nnUNetPlans", count))})
    folder = work / "preprocessed" / NAME
    plans = PlansManager(str(folder / "nnUNetPlans.json"))
    configuration = plans.get_configuration(name)
    about = json.loads((folder / "dataset.json").read_text())
    files = get_filenames_of_train_images_and_targets(str(work / "raw" / NAME), about)
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
