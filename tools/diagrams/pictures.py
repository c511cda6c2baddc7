"""All pictures of an assembly, by their file names."""

from pathlib import Path

from tools.diagrams import architecture, architecture_picture, assembly, picture, pipeline, pipeline_picture
from tools.diagrams.dashboards import page
from tools.diagrams.dashboards.body import environment_dashboard, pipeline_dashboard


def draw(directory: Path) -> dict[str, str]:
    """Return every picture of the assembly in `directory`; raises UserError."""
    architectures = [architecture.read(environment) for environment in assembly.environments(directory)]
    architecture_graph, architecture_words = architecture_picture.dot(architectures)
    pipeline_graph, pipeline_words = pipeline_picture.dot(pipeline.read(assembly.own_templates(directory)))
    return {
        "architecture.svg": picture.draw(architecture_graph, title="Architecture", description=architecture_words),
        "pipeline.svg": picture.draw(pipeline_graph, title="Pipeline", description=pipeline_words),
        **_dashboards(directory),
    }


def _dashboards(directory: Path) -> dict[str, str]:
    delivery, environment = pipeline_dashboard(directory), environment_dashboard(directory)
    overview, details = page.parts(delivery)
    return {
        "pipeline-dashboard.svg": page.picture(
            delivery,
            overview,
            title=f"Dashboard {delivery.name}",
            description="The overview: alarms of all environments, prod's four DORA metrics over time and the runs "
            "behind them, and what runs in each environment; sample data.",
        ),
        "pipeline-dashboard-details.svg": page.picture(
            delivery,
            details,
            title=f"Dashboard {delivery.name}, details",
            description="Below the overview: runs, stages, actions and builds; sample data.",
        ),
        "environment-dashboard.svg": page.picture(
            environment,
            environment.widgets,
            title=f"Dashboard {environment.name}",
            description="An environment's dashboard: alarms, response times and errors, resource use, and the last "
            "errors logged; sample data.",
        ),
    }
