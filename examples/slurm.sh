#!/bin/sh
# Train over the machines of a Slurm cluster: srun starts one torchrun on each, and torchrun one rank for each processor.
#
#     sbatch examples/slurm.sh train text my.txt -o runs/mine.safetensors
#
# The file and the folder of the output have to be on a file system that all machines share.
#SBATCH --job-name=elman
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=08:00:00
#SBATCH --signal=INT@120
# Two minutes before the time is over Slurm sends SIGINT: the checkpoint is saved, and --resume goes on from it.

first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export OMP_NUM_THREADS=1
exec srun torchrun \
  --nnodes "$SLURM_JOB_NUM_NODES" --nproc-per-node "$SLURM_CPUS_PER_TASK" --max-restarts 3 \
  --rdzv-id "$SLURM_JOB_ID" --rdzv-backend c10d --rdzv-endpoint "$first:29500" \
  -m elman "$@"
