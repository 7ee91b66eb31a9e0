"""From the text of a Pipelinefile to tasks.

locate        which line does a key stand in
toml          the reader of TOML
read          files → tables with places (include, files of parameters)
check         tables → `Pipeline`, or all problems at once
placeholders  ``{inputs.raw}`` in commands: parsing, rendering, quoting
templates     ``raw/{visit}.fits`` in paths: parsing, writing, matching
expand        `Pipeline` + what files there are → tasks
"""
