"""Fake tasks of the application: they keep the container's HTTP contract, with an engine in memory.

`python -m tools.rehearsal_workloads.fake` serves all tasks of a service. The first is active and has the engine; the
others are standbys and proxy every request to it. They replace the container, not the engine: nothing is kept, and a
workflow task can be seen but not completed. Their version is the one that ECS gives them.
"""
