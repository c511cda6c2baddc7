"""Valid variables of a task, for the supervisor's tests."""

from pathlib import Path

from supervisor.variables import Variables, read_variables

SECRETS = ("database-secret", "redis-secret", "admin-secret")


def environment(folder: Path) -> dict[str, str]:
    """Return variables with paths in `folder`, after creating those files and folders."""
    catalina_home = folder / "home"
    for name in ("bin/bootstrap.jar", "bin/tomcat-juli.jar", "lib/catalina.jar", "conf/web.xml", "haproxy", "ca.pem"):
        path = (folder if "/" not in name else catalina_home) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<web-app/>" if name.endswith("xml") else "")
    for application in ("yawl", "resourceService"):
        (folder / "webapps" / application).mkdir(parents=True, exist_ok=True)
    (folder / "work").mkdir(exist_ok=True)
    return {
        "ENVIRONMENT": "dev",
        "LOG_LEVEL": "INFO",
        "IMAGE_VERSION": "6.1.0",
        "TASK_NAME": "task1",
        "TASK_ADDRESS": "127.0.0.1",
        "WORK_FOLDER": str(folder / "work"),
        "HAPROXY": str(folder / "haproxy"),
        "YAWL_DB_HOST": "database.example.com",
        "YAWL_DB_PORT": "5432",
        "YAWL_DB_NAME": "yawl",
        "YAWL_DB_USER": "yawl",
        "YAWL_DB_PASSWORD": SECRETS[0],
        "YAWL_DB_CA_BUNDLE": str(folder / "ca.pem"),
        "REDIS_HOST": "redis.example.com",
        "REDIS_PORT": "6379",
        "REDIS_AUTH_TOKEN": SECRETS[1],
        "REDIS_CA_BUNDLE": str(folder / "ca.pem"),
        "YAWL_HEAP_SIZE": "1024m",
        "YAWL_ADMIN_USER": "operator",
        "YAWL_ADMIN_PASSWORD": SECRETS[2],
        "CATALINA_HOME": str(catalina_home),
        "WEBAPPS": str(folder / "webapps"),
    }


def variables(folder: Path, **changed: str) -> Variables:
    """Read the variables of `environment` with some `changed`."""
    return read_variables({**environment(folder), **changed})
