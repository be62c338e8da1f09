#!/usr/bin/env bash
# Training steps per second of medvol against stock nnU-Net v2 on the CPU: same data, plan, batch and machine, one after
# the other in one run.
#   experiments/benchmarks/training_step.sh /data/Task04_Hippocampus [steps]
# PEERS_PYTHON: a python with nnunetv2 (else one is made in .deps/peers from peers.txt).
set -euo pipefail
here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
. "$here/peers.sh"
data="$(readlink -f -- "${1:?folder of a Decathlon data set}")"
steps="${2:-12}"
work="$(mktemp -d)"
trap 'rm -rf -- "$work"' EXIT

"$program" train experiment=hippocampus dataset.root="$data" fold=0 plan.base_features=32 \
  plan.batch_size=0 trainer.max_time=null trainer.max_steps="$steps" trainer.validation_cases=1 run.dir="$work/run" \
  prepare.folder="$work/prepared" > "$work/medvol.log" 2>&1 || { tail "$work/medvol.log"; exit 1; }

export nnUNet_raw="$work/raw" nnUNet_preprocessed="$work/preprocessed" nnUNet_results="$work/results"
"$python" "$here/nnunet_step.py" "$data" "$work" "$steps" > "$work/nnunet.log" 2>&1 || { tail "$work/nnunet.log"; exit 1; }

"$python" - "$work" <<'PYTHON'
import json, statistics, sys
work = sys.argv[1]
ours = [r["step_s"] for r in map(json.loads, open(f"{work}/run/log.jsonl")) if r["event"] == "step"][2:]
theirs = json.load(open(f"{work}/nnunet.json"))
plan = json.load(open(f"{work}/run/plan.json"))["configurations"]["3d_fullres"]
assert plan["patch_size"] == theirs["patch_size"] and plan["batch_size"] == theirs["batch_size"], (plan, theirs)
a, b = statistics.median(ours), statistics.median(theirs["seconds"][2:])
print(f"patch {plan['patch_size']}, batch {plan['batch_size']}, {theirs['parameters']} parameters; seconds a step, median (spread)")
print(f"medvol             {a:.2f} ({min(ours):.2f} to {max(ours):.2f})")
print(f"nnunetv2 {theirs['version']:<9} {b:.2f} ({min(theirs['seconds'][2:]):.2f} to {max(theirs['seconds'][2:]):.2f}), -device cpu")
print(f"ratio              {b / a:.2f}")
PYTHON
