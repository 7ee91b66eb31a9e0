"""The highest tide in a table."""

import sys

import h5py

with h5py.File(sys.argv[1]) as file:
    place = file["height"][:].argmax()
    print(f"{file['height'][place]:.1f} m at {file['hour'][place]:02d} h")
