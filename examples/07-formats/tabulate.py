"""Hours and heights as two arrays in HDF5, compressed, with the time at which the file was made in no attribute."""

import sys

import h5py
import numpy as np

source, target = sys.argv[1:]
with open(source, encoding="utf-8") as lines:
    records = [line.split() for line in lines if not line.startswith("#")]
with h5py.File(target, "w") as file:
    file.create_dataset("hour", data=np.array([int(hour) for hour, _ in records]), track_times=True)
    height = file.create_dataset("height", data=np.array([float(metres) for _, metres in records]), track_times=True)
    height.attrs["unit"] = "m"
