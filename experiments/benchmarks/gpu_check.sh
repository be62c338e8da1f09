#!/usr/bin/env bash
# Everything that only a GPU can show, in one command: the tests of tests/gpu, the demo, and those benchmarks that compute
# on a GPU. Writes DEVICE.md: what ran, with the device's name, and what it printed.
#   experiments/benchmarks/gpu_check.sh [FOLDER]             from the source tree: installs the build into build/bundle
#   DIR/share/medvol/benchmarks/gpu_check.sh [FOLDER]        from a bundle of `cmake --install`
# FOLDER: for DEVICE.md; experiments/results from the source tree, else here. LibTorch is found as DIR/medvol finds it.
# Without a GPU it says so in one line and ends with 0, so that it may stand in any pipeline; MEDVOL_REQUIRE_GPU=1 makes
# that 1. With one, the exit code is 1 when anything failed; DEVICE.md is written all the same.
set -uo pipefail
here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"

if ! gpu="$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null | head -n 1)" ||
  [[ -z "$gpu" ]]; then
  echo "gpu_check: no NVIDIA GPU here, so nothing was run"
  exit "${MEDVOL_REQUIRE_GPU:-0}"
fi

if [[ -x "$here/../../../medvol" && -x "$here/../../../bin/medvol" ]]; then
  bundle="$(cd -- "$here/../../.." && pwd)"
  results="${1:-.}"
else
  root="$(cd -- "$here/../.." && pwd)"
  bundle="$root/build/bundle"
  results="${1:-$root/experiments/results}"
  cmake --install "$root/build/release" --prefix "$bundle" >/dev/null || exit 1
  # A source tree's LibTorch is the one that ./medvol setup installed.
  if [[ -z "${MEDVOL_TORCH:-}" ]]; then
    for torch in "$root"/.deps/venv/lib/python3*/site-packages/torch; do
      [[ -d "$torch" ]] && export MEDVOL_TORCH="$torch"
    done
  fi
fi

mkdir -p "$results"
name="$(sed 's/,.*//; s/[^A-Za-z0-9]\{1,\}/_/g' <<<"$gpu" | tr '[:upper:]' '[:lower:]')"
report="$(cd -- "$results" && pwd)/$name.md"
work="$(mktemp -d)"
trap 'rm -rf -- "$work"' EXIT
failed=0

# section TITLE COMMAND...: the command as one would type it, how it ended, what it printed.
section() {
  local title="$1" status=0 begun=$SECONDS
  shift
  echo "gpu_check: $title" >&2
  (cd -- "$work" && "$@") >"$work/output" 2>&1 || status=$?
  ((status == 0)) || failed=1
  {
    printf '\n## %s\n\n`%s`: ' "$title" "${*/#$bundle\//}"
    if ((status == 0)); then printf 'passed'; else printf '**failed with exit code %s**' "$status"; fi
    # A progress bar's lines are redrawn: the last of each is enough.
    printf ', %s s\n\n```text\n%s\n```\n' "$((SECONDS - begun))" "$(sed 's/.*\r//' "$work/output" | tail -n 80)"
  } >>"$report"
}

{
  printf '# %s\n\n%s, written by gpu_check.sh.\n\n' "${gpu%%,*}" "$(date -u +%F)"
  printf -- '- GPU, driver, memory: %s\n- processor: %s, %s threads\n' "$gpu" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)"
} >"$report"

section "What the program finds" "$bundle/medvol" doctor
section "Tests" "$bundle/medvol" --with-torch "$bundle/bin/gpu_tests"
section "The whole path on a phantom" "$bundle/medvol" demo run.dir="$work/demo" hardware.device=cuda
section "Steps of one GPU, and a model of more with NVLink" "$bundle/medvol" benchmark scaling hardware.device=cuda \
  'ranks=[1]' 'patch=[128,128,128]' 'features=[32,64,128,256,320,320]' channels=4 batch=2 batch_a_rank=2 \
  'predict=[2,8,64]' 'link_gb_per_s=[400,25]' 'latency_us=[4,5]'
# The others once they can be told where to compute.
for benchmark in step training startup; do
  option="$("$bundle/medvol" benchmark "$benchmark" --help 2>/dev/null | grep -oEm 1 '(hardware\.)?device')" || continue
  section "benchmark $benchmark" "$bundle/medvol" benchmark "$benchmark" "$option=cuda"
done
echo "gpu_check: wrote $report" >&2
exit "$failed"
