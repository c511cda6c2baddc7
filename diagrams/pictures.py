"""All pictures of an assembly, by their file names."""

from pathlib import Path

from diagrams import architecture, architecture_picture, assembly, picture, pipeline, pipeline_picture


def draw(directory: Path) -> dict[str, str]:
    """Return every picture of the assembly in `directory`; raises DiagramError."""
    architectures = [architecture.read(environment) for environment in assembly.environments(directory)]
    architecture_graph, architecture_words = architecture_picture.dot(architectures)
    pipeline_graph, pipeline_words = pipeline_picture.dot(pipeline.read(assembly.own_templates(directory)))
    return {
        "architecture.svg": picture.draw(architecture_graph, title="Architecture", description=architecture_words),
        "pipeline.svg": picture.draw(pipeline_graph, title="Pipeline", description=pipeline_words),
    }
