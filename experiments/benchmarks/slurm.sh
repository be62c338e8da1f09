#!/usr/bin/env bash
# A Slurm job that trains one network on several machines, two processes on each. Submit it from the project's root:
#   sbatch experiments/benchmarks/slurm.sh experiment=hippocampus dataset.root=/data/Task04_Hippocampus run.dir=outputs/slurm
# A job that was requeued goes on where it stopped. Tried with the variables that Slurm sets, not on a cluster.
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=8
#SBATCH --requeue
#SBATCH --signal=TERM@60
set -euo pipefail
export MASTER_ADDR="${MASTER_ADDR:-$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)}"
export MASTER_PORT="${MASTER_PORT:-$((20000 + SLURM_JOB_ID % 20000))}"
exec srun bash -c 'RANK=$SLURM_PROCID WORLD_SIZE=$SLURM_NTASKS LOCAL_RANK=$SLURM_LOCALID \
  LOCAL_WORLD_SIZE=$((SLURM_NTASKS / SLURM_NNODES)) exec ./medvol train "$@" resume=true' medvol "$@"
