"""A fake task of the application: it keeps the container's HTTP contract, with an engine in memory.

`python -m rehearsal.workloads.fake_engine` is one task, in a process of its own. The first fake of a service is active
and has the engine; the others are standbys and proxy every request to it. They replace the container, not the engine:
nothing is kept, and a workflow task can be seen but not completed. Their version is the one that ECS gives them.
"""
