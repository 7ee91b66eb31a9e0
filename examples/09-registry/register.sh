# The three executions of register.py on the command line, under another owner and in a folder of their own.
set -e

ex1=$(provstore execution register pipeline-stage-1 --description "The first stage of my pipeline")
d1=$(provstore dataset register my-second-pipeline/dataset_1p1/ 0.0.1 --description "A directory structure" \
    --old-location out/my-dataset/ --execution "$ex1" --name "Dataset 1.1" --owner ann)
d2=$(provstore dataset register my-second-pipeline/dataset_1p2.csv 0.0.1 \
    --old-location out/exposures.csv --execution "$ex1" --name "Dataset 1.2" --owner ann)

ex2=$(provstore execution register pipeline-stage-2 --input "$d1" --input "$d2")
d3=$(provstore dataset register my-second-pipeline/dataset_2p1/ minor \
    --old-location out/my-dataset/ --execution "$ex2" --name "Dataset 2.1" --owner ann)

ex3=$(provstore execution register pipeline-stage-3 --input "$d3")
provstore dataset register my-second-pipeline/dataset_3p1.csv \
    --old-location out/exposures.csv --execution "$ex3" --name "Dataset 3.1" --owner ann
