#!/usr/bin/env bash
# What nnU-Net's training transforms cost a sample, and how fast batches come: medvol against batchgeneratorsv2 and
# nnU-Net's loader, one after the other in one run.
#   experiments/benchmarks/augmentation.sh
# PEERS_PYTHON: a python with nnunetv2 (else one is made in .deps/peers from peers.txt).
set -euo pipefail
here="$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
. "$here/peers.sh"
"$program" benchmark augmentation peer="$python"
"$program" benchmark augmentation peer="$python" transforms=nnunet_da5 samples=200 peer_samples=20
"$program" benchmark loading peer="$python"
