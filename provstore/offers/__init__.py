"""What plug-ins offer besides formats. Typed, and checked.

offer       offers of one kind by name, and what becomes of clashes and failures
executors   places to run tasks
exporters   ways to write the pipeline for others
commands    sub-commands of the command line
observers   what hears of the events of a run

Rules: what provstore itself brings keeps its name; what two plug-ins claim is an error that names both, for whoever
wants that; a plug-in that fails is named, and nothing else is touched by it.
"""
