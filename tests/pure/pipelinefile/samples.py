"""Pipelinefiles that several tests read."""

DESIGN = """\
[project]
name = "halo-catalogue"
description = "From raw images to a catalogue of haloes"
default = ["report"]
include = ["calib/Pipelinefile.toml"]
plugins = ["tools/my_format.py"]

[params]
seed = 42
threshold = 5.0
cosmology.omega_m = 0.31

[dimensions]
band = ["g", "r"]
detector = "0..3"
visit = { from = "raw/{visit}/{detector}.fits" }

[datasets.flat]
path = "calib/flat_{detector}.fits"
format = "fits"
description = "Flat field"

[stages.calibrate]
description = "Remove the instrument's signature"
dimensions = ["visit", "detector"]
run = "python calibrate.py {inputs.raw} {inputs.flat} -o {outputs.image} --threshold {params.threshold}"
inputs.raw = "raw/{visit}/{detector}.fits"
inputs.flat = { dataset = "flat" }
inputs.code = "calibrate.py"
outputs.image = { path = "calibrated/{visit}_{detector:02d}.h5", format = "hdf5" }
params = ["threshold"]
env = ["OMP_NUM_THREADS"]
timeout = "10m"
retries = 1

[stages.report]
run = \"\"\"
python stack.py {inputs.images} -o {outputs.catalogue}
python plot.py {outputs.catalogue} {outputs.figure}
\"\"\"
inputs.images = "calibrated/{visit}_{detector:02d}.h5"
outputs.catalogue = "out/catalogue.csv"
outputs.figure = "out/figure.png"

[subsets]
nightly = ["calibrate", "report"]
"""
"""The example of the documentation; it includes `CALIB`."""

CALIB = """\
[stages.flatten]
argv = ["python", "flatten.py", "{inputs}", "{outputs[0]}"]
inputs = ["../raw/flats/", "flatten.py"]
outputs = ["mean.fits"]
"""

EVERYTHING = """\
[project]
name = "n"
description = "d"
default = ["a..c", "out/x", "night"]
include = []
plugins = ["tools/p.py", "package.module"]
params_files = []
shell = "bash -euo pipefail -c"
secret_env = ["TOKEN", "KEY"]
owner = "o"

[params]
text = "t"
flag = true
list = [1, 2]
deep.er.value = 1.5

[dimensions]
listed = ["a", "b"]
stride = "0..90:10"
[dimensions.visit]
type = "int"
from = "raw/{visit}.fits"
requires = ["instrument"]
implies = ["listed"]
metadata = { exposure_time = "float", target = "str", n = "int", good = "bool" }
timespan = true
region = true
description = "One exposure"
[dimensions.instrument]
values = ["HSC"]

[datasets.image]
dimensions = ["visit"]
format = "hdf5"
path = "cal/{visit}.h5"
description = "Image"
[datasets."a.b"]
format = "csv"

[stages.a]
description = "d"
dimensions = ["visit"]
run = "x {inputs.one} {params.flag} {visit:03d}"
inputs.one = { path = "raw/{visit}.fits", format = "fits", description = "d", metadata = { a = [1] } }
inputs.two = { dataset = "image", calibration = true }
outputs.out = "out/{visit}/"
outputs.score = { path = "score/{visit}.json", metric = true }
params = ["deep", "text"]
env = ["HOME"]
timeout = "1h30m"
retries = 2
where = "visit > 100"
always = true
frozen = false
cache = false
keep = true
cwd = "work"
resources = { cpu = 0.5, memory = "8GiB" }
[stages."b.c-d"]
argv = ["true"]
inputs = "single.txt"
after = ["a"]
timeout = 90
[stages.c]
run = "true"

[subsets]
night = ["a", "week"]
week = ["a..c", "b.c-d"]

[store]
objects = "1GiB"
[formats]
".dat" = "bytes"
".tar.gz" = "tar"
[registry]
layout = "{owner_type}/{owner}/{relpath}"
register = "explicit"
"""
"""Every key there is."""
