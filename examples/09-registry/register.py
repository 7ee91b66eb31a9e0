"""Three executions, each of which reads what the one before has made."""

from provstore import Store

with Store.open() as store:
    ex1 = store.register_execution("pipeline-stage-1", description="The first stage of my pipeline")
    d1 = store.register_dataset(
        "my-first-pipeline/dataset_1p1/",
        "0.0.1",
        description="A directory structure",
        old_location="out/my-dataset/",
        execution_id=ex1,
        name="Dataset 1.1",
        keywords=["images"],
    )
    d2 = store.register_dataset(
        "my-first-pipeline/dataset_1p2.csv",
        "0.0.1",
        old_location="out/exposures.csv",
        execution_id=ex1,
        name="Dataset 1.2",
        overwritable=True,
    )
    store.alias("images", d1)
    store.alias("exposures", d2)

    ex2 = store.register_execution("pipeline-stage-2", input_datasets=[d1, d2])  # depends on ex1: the data say so
    d3 = store.register_dataset(
        "my-first-pipeline/dataset_2p1/", "minor", old_location="out/my-dataset/", execution_id=ex2, name="Dataset 2.1"
    )

    ex3 = store.register_execution("pipeline-stage-3", input_datasets=[d3])
    store.register_dataset(
        "my-first-pipeline/dataset_3p1.csv", old_location="out/exposures.csv", execution_id=ex3, name="Dataset 3.1"
    )
