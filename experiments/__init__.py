"""Runs and sweeps: the only folder that knows Hydra. Results go to results/raw, one record per (job, rung)."""

import os

# One BLAS thread per process, whatever the user's shell says: workers share the cores, small products are several times
# slower with two threads, and the last bits depend on the number of threads. (What was loaded before is limited where
# jobs are done.)
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
