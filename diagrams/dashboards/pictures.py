"""All pictures of the dashboards of an assembly, by their file names."""

from pathlib import Path

from diagrams.dashboards.body import environment_dashboard, pipeline_dashboard
from diagrams.dashboards.page import first_screen, picture


def draw(directory: Path) -> dict[str, str]:
    """Return every picture of the assembly in `directory`; raises DiagramError."""
    pipeline, environment = pipeline_dashboard(directory), environment_dashboard(directory)
    return {
        "pipeline-dashboard.svg": picture(
            pipeline,
            pipeline.widgets,
            title=f"Dashboard {pipeline.name}",
            description="The whole dashboard of the pipeline, with sample data.",
        ),
        "pipeline-dashboard-first.svg": picture(
            pipeline,
            first_screen(pipeline),
            title=f"Dashboard {pipeline.name}, its beginning",
            description="Alarms of all environments, the four DORA figures of prod with their course, and each "
            "environment's last release with its age and success rate; sample data.",
        ),
        "environment-dashboard.svg": picture(
            environment,
            environment.widgets,
            title=f"Dashboard {environment.name}",
            description="The dashboard of an environment: alarms, what users feel, what runs short, what was logged; "
            "sample data.",
        ),
    }
