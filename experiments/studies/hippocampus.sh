#!/usr/bin/env bash
# The studies of the hippocampus (Medical Segmentation Decathlon, Task04), sized for about three hours on 2 cores. Every
# arm of a comparison has the same budget in optimiser steps and the same seeds. A study that was stopped goes on where
# it stood; a run that has its outcome.json is not done again.
#   experiments/studies/hippocampus.sh STUDY /data/Task04_Hippocampus [folder]
# STUDY: networks | super_resolution | adversary | synthesis | pretraining | mesh | all
# SEEDS="1 2 3" and STEPS=400 (of a segmenter) may be set; MEDVOL names the program.
set -euo pipefail
study="${1:?which study: networks, super_resolution, adversary, synthesis, pretraining, mesh or all}"
data="$(readlink -f -- "${2:?folder of Task04_Hippocampus}")"
root="$(readlink -f -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")"
out="${3:-outputs/studies}"
medvol="${MEDVOL:-$root/medvol}"
read -r -a seeds <<< "${SEEDS:-1 2 3}"
steps="${STEPS:-400}"
common=(dataset.root="$data" fold=0 prepare.folder="$out/prepared")
budget=(trainer.max_time=null trainer.max_steps="$steps" trainer.validate_every=0)

# train NAME OVERRIDE...: a run that is not done twice.
train() {
  local name="$1"
  shift
  [[ -e "$out/$name/outcome.json" ]] && return 0
  "$medvol" train "${common[@]}" run.dir="$out/$name" resume=true "$@"
}

# report NAME RUN...: one table; the first run is the baseline of the tests.
report() {
  local name="$1" runs="" run
  shift
  for run in "$@"; do runs+="${runs:+,}'$out/$run'"; done
  "$medvol" report runs="[$runs]" output="$out/$name"
}

networks() {  # issue: five networks, five minutes each
  "$medvol" train --multirun experiment=hippocampus "${common[@]}" trainer.max_time=5m run.dir="$out/networks" resume=true \
    network=unet,unet_plus_plus,vnet,attention_unet,residual_unet
  report networks_report networks/network={unet,unet_plus_plus,vnet,attention_unet,residual_unet}
}

super_resolution() {  # against interpolation, and what a segmenter makes of each
  local seed
  for seed in "${seeds[@]}"; do
    local segmenter="synthesis/real,cases=100,seed=$seed"
    train "$segmenter" experiment=hippocampus "${budget[@]}" training_cases=100 seed="$seed"
    local judged=(seed="$seed" segmenter.model="'$out/$segmenter'")
    train "super_resolution/adversary,seed=$seed" experiment=hippocampus_srgan "${judged[@]}"
    train "super_resolution/pixels,seed=$seed" experiment=hippocampus_srgan trainer.adversary.weight=0 "${judged[@]}"
  done
}

adversary() {  # the same network, budget and seeds without, with SegAN's and with Pix2Pix's adversary
  local seed runs=()
  for seed in "${seeds[@]}"; do
    train "adversary/none,seed=$seed" experiment=hippocampus_seggan "${budget[@]}" trainer.adversary.weight=0 seed="$seed"
    train "adversary/segan,seed=$seed" experiment=hippocampus_seggan "${budget[@]}" seed="$seed"
    train "adversary/pix2pix,seed=$seed" experiment=hippocampus_seggan "${budget[@]}" trainer.pairing=joined \
      discriminator=patchgan discriminator.features=16 adversarial_loss=least_squares trainer.adversary.weight=0.02 \
      seed="$seed"
    runs+=("adversary/none,seed=$seed" "adversary/segan,seed=$seed" "adversary/pix2pix,seed=$seed")
  done
  report adversary_report "${runs[@]}"
}

synthesis() {  # Dice with and without painted images; the painter sees no more labels than the segmenter
  local seed count runs=()
  for count in 5 10 20 100; do
    for seed in "${seeds[@]}"; do
      local painter="synthesis/painter,cases=$count,seed=$seed" made="$out/synthesis/made,cases=$count,seed=$seed"
      train "$painter" experiment=hippocampus_synthesis training_cases="$count" seed="$seed" trainer.max_time=null \
        trainer.max_steps="$steps" trainer.validate_every=0
      if [[ ! -e "$made/dataset.json" ]]; then
        rm -rf -- "$made"
        "$medvol" synthesise model="$out/$painter" output="$made" count=100 seed="$seed"
      fi
      train "synthesis/real,cases=$count,seed=$seed" experiment=hippocampus "${budget[@]}" training_cases="$count" \
        seed="$seed"
      train "synthesis/mixed,cases=$count,seed=$seed" experiment=hippocampus "${budget[@]}" training_cases="$count" \
        seed="$seed" dataset.synthetic_root="'$made'" dataset.synthetic_fraction=0.5
      runs+=("synthesis/real,cases=$count,seed=$seed" "synthesis/mixed,cases=$count,seed=$seed")
    done
  done
  report synthesis_report "${runs[@]}"
  # Fair only when a segmenter trained on real images reads the painted ones: its Dice there should be 0.7 or more.
  local real="synthesis/real,cases=100,seed=${seeds[0]}" made="synthesis/made,cases=100,seed=${seeds[0]}"
  "$medvol" predict model="$out/$real" input="$out/$made/imagesTr" output="$out/synthesis/predicted"
  "$medvol" evaluate reference="$out/$made/labelsTr" prediction="$out/synthesis/predicted" \
    output="$out/synthesis/painted_images"
}

pretraining() {  # fine-tuned from masked autoencoding against from scratch
  local seed count runs=()
  for seed in "${seeds[@]}"; do
    train "pretraining/masked,seed=$seed" experiment=hippocampus_pretraining "${budget[@]}" seed="$seed"
    for count in 5 20 100; do
      train "synthesis/real,cases=$count,seed=$seed" experiment=hippocampus "${budget[@]}" training_cases="$count" \
        seed="$seed"
      train "pretraining/tuned,cases=$count,seed=$seed" experiment=hippocampus "${budget[@]}" training_cases="$count" \
        seed="$seed" pretrained.from="'$out/pretraining/masked,seed=$seed'"
      runs+=("synthesis/real,cases=$count,seed=$seed" "pretraining/tuned,cases=$count,seed=$seed")
    done
  done
  report pretraining_report "${runs[@]}"
}

mesh() {  # surfaces of a segmenter, before and after refinement
  local seed
  for seed in "${seeds[@]}"; do
    local segmenter="synthesis/real,cases=100,seed=$seed"
    train "$segmenter" experiment=hippocampus "${budget[@]}" training_cases=100 seed="$seed"
    [[ -d "$out/mesh/labels,seed=$seed" ]] ||
      "$medvol" predict model="$out/$segmenter" input="$data/imagesTr" output="$out/mesh/labels,seed=$seed"
    train "mesh/refined,seed=$seed" experiment=hippocampus trainer=mesh_refinement trainer.max_time=null \
      trainer.segmentations="'$out/mesh/labels,seed=$seed'" training_cases=100 seed="$seed"
  done
}

case "$study" in
  networks | super_resolution | adversary | synthesis | pretraining | mesh) "$study" ;;
  all) networks && super_resolution && adversary && synthesis && pretraining && mesh ;;
  *) echo "unknown study '$study': networks, super_resolution, adversary, synthesis, pretraining, mesh or all" >&2; exit 2 ;;
esac
