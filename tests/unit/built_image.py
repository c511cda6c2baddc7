"""Settings of an image that the pipeline builds; nothing is ever downloaded from its addresses."""

from settings import ImageSettings

BUILT = ImageSettings(
    build=True,
    base=f"tomcat:10.1-jre21-temurin-noble@sha256:{'0a' * 32}",
    yawl_version="6.1",
    yawl_url="https://example.com/yawl.zip",
    yawl_sha256="1b" * 32,
    rds_bundle_sha256="2c" * 32,
)
