"""A stand-in for a task of the application: keeps the container's HTTP contract, with an engine in memory.

`python -m rehearsal.stand_in` is one task, in a process of its own. The first of a service's stand-ins is active and
has the engine; the others stand by and hand every request on to it. They stand for the container, not for the engine:
nothing is kept, and a task of a workflow can be seen and not done. The version they give names them as stand-ins.
"""
