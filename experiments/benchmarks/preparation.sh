#!/usr/bin/env bash
# Planning and preprocessing of medvol (`medvol prepare`, from the start of the program to the store) against stock
# nnU-Net v2 (fingerprint, plan, preprocess): same data, same plan, same machine, one after the other in one run, each
# at its best number of threads or processes.
#   experiments/benchmarks/preparation.sh /data/Task04_Hippocampus ["0.8 0.8 0.8"]
# The folder is of Decathlon's or nnU-Net's layout. The second argument is a spacing in mm to resample to, z y x;
# without it the plan's (hippocampus: none is resampled). COUNTS: the numbers of threads and processes to try.
# PEERS_PYTHON: a python with nnunetv2 (else one is made in .deps/peers from peers.txt).
set -euo pipefail
here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
. "$here/peers.sh"
data="$(readlink -f -- "${1:?folder of a data set}")"
layout=nnunet
grep -q '"training"' "$data/dataset.json" && layout=decathlon
spacing="${2:-}"
work="$(mktemp -d)"
trap 'rm -rf -- "$work"' EXIT
counts="${COUNTS:-$("$python" -c 'import os; n = os.cpu_count(); print(*sorted({1, n, 2 * n}))')}"

for repeat in 1 2 3; do
  for threads in $counts; do
    rm -rf -- "$work/prepared"
    "$python" - "$work/medvol.jsonl" "$threads" "$program" prepare dataset="$layout" dataset.root="$data" fold=all \
      prepare.folder="$work/prepared" prepare.threads="$threads" ${spacing:+plan.spacing="[${spacing// /,}]"} <<'PYTHON'
import json, subprocess, sys, time
begin = time.perf_counter()
made = subprocess.run(sys.argv[3:], capture_output=True, text=True)
seconds = time.perf_counter() - begin
sys.exit(made.stderr) if made.returncode else None
plan = json.loads(made.stdout[made.stdout.index("{"):])["configurations"]["3d_fullres"]
with open(sys.argv[1], "a") as log:
    planned = {key: plan[key] for key in ("patch_size", "batch_size", "spacing")}
    print(json.dumps({"threads": int(sys.argv[2]), "seconds": seconds, "plan": planned}), file=log)
PYTHON
  done
done
"$python" "$here/nnunet_prepare.py" "$data" "$work" "$counts" "$spacing" > "$work/nnunet.log" 2>&1 ||
  { tail "$work/nnunet.log"; exit 1; }

"$python" - "$work" <<'PYTHON'
import json, statistics, sys
ours = [json.loads(line) for line in open(f"{sys.argv[1]}/medvol.jsonl")]
theirs = json.load(open(f"{sys.argv[1]}/nnunet.json"))
for key in ("patch_size", "batch_size", "spacing"):
    assert ours[0]["plan"][key] == theirs[key], (key, ours[0]["plan"], theirs)
by_threads = {n: statistics.median(one["seconds"] for one in ours if one["threads"] == n)
              for n in {one["threads"] for one in ours}}
threads, mine = min(by_threads.items(), key=lambda one: one[1])
best = min(theirs["runs"], key=lambda one: one["fingerprint"] + one["plan"] + one["preprocess"])
whole = best["fingerprint"] + best["plan"] + best["preprocess"]
peer = f"nnunetv2 {theirs['version']}"
alone = min([theirs["alone"]] + [run["preprocess"] for run in theirs["runs"]])
print(f"{theirs['cases']} cases, spacing {theirs['spacing']}, patch {theirs['patch_size']}, "
      f"batch {theirs['batch_size']}; seconds")
print("medvol prepare, by threads (median of 3): " + ", ".join(f"{n}: {s:.2f}" for n, s in sorted(by_threads.items())))
for run in theirs["runs"]:
    print(f"{peer}, {run['processes']} processes: fingerprint {run['fingerprint']:.2f}, plan {run['plan']:.2f}, "
          f"preprocess {run['preprocess']:.2f}")
print(f"{peer}, no workers: preprocess {theirs['alone']:.2f}")
print(f"all of it, best against best: medvol {mine:.2f} ({threads} threads), {peer} {whole:.2f} "
      f"({best['processes']} processes), ratio {whole / mine:.1f}")
print(f"its preprocessing alone, best of all ways, against all of medvol's: ratio {alone / mine:.1f}")
PYTHON
