"""Does another text of the Pipelinefile come to the same tasks?"""
