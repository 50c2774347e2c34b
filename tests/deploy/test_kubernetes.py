"""The manifests are valid, closed as far as they can be, and ask for what the service has."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml

import core.__main__
import operations.__main__
import serving.__main__
from core.settings import ROOT, Settings
from serving import server
from serving.app import create_app

FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.37"
COMMANDS = {
    "core": core.__main__.app,
    "operations": operations.__main__.app,
    "serving": serving.__main__.app,
}


def documents(folder: str) -> list[dict[str, Any]]:
    """What the files that a kustomization names hold."""
    named = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text())["resources"]
    paths = [FOLDER / folder / name for name in named if name.endswith(".yaml")]
    return [each for path in paths for each in yaml.safe_load_all(path.read_text())]


BASE, PLAIN, TRAINING = documents("base"), documents("plain"), documents("training")
KNOWN = [each for each in BASE + PLAIN + TRAINING if "gateway" not in each["apiVersion"]]


def label(document: dict[str, Any]) -> str:
    return f"{document['kind']}/{document['metadata']['name']}"


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [each for each in BASE + TRAINING if each["kind"] in kinds]


def template(workload: dict[str, Any]) -> dict[str, Any]:
    """The pod of a Deployment or a CronJob."""
    spec = workload["spec"]
    return (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]


WORKLOADS = of_kind("Deployment", "CronJob")
SERVED = [each for each in WORKLOADS if "serving" in str(template(each))]
every_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=label)
every_served = pytest.mark.parametrize("workload", SERVED, ids=label)


@pytest.mark.parametrize("document", KNOWN, ids=label)
def test_it_is_strictly_valid(document: dict[str, Any]):
    kubernetes_validate.validate(document, VERSION, strict=True)


def test_the_validator_finds_a_misspelled_probe():
    document = yaml.safe_load(yaml.safe_dump(SERVED[0]))
    container = template(document)["spec"]["containers"][0]
    container["readynessProbe"] = container.pop("readinessProbe")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSION, strict=True)


@every_workload
def test_a_pod_meets_the_restricted_standard_and_writes_only_where_it_is_told(workload):
    pod = template(workload)["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 1000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounted == {"tmp": "/tmp", "kept": "/var/lib/atelier"}
    assert {each["name"] for each in pod["volumes"]} == set(mounted)
    assert container["resources"].keys() == {"requests", "limits"}


@every_workload
def test_its_command_is_one_of_ours(workload):
    (container,) = template(workload)["spec"]["containers"]
    python, flag, package, *arguments = container["command"]
    assert (python, flag) == ("python", "-m")
    command = typer.main.get_command(COMMANDS[package])
    while arguments and not arguments[0].startswith("-"):
        command = command.commands[arguments.pop(0)]
    command.make_context(package, arguments)  # raises for what it does not know


@every_workload
def test_what_selects_it_finds_it(workload):
    labels = template(workload)["metadata"]["labels"]
    assert labels == workload["metadata"]["labels"]
    if workload["kind"] == "Deployment":
        assert workload["spec"]["selector"]["matchLabels"] == labels


@every_served
def test_probes_ask_where_the_service_answers(workload):
    (container,) = template(workload)["spec"]["containers"]
    prefix = "/api" if "--with-app" in container["command"] else ""
    paths = create_app().openapi()["paths"]
    for probe, end in (("startup", "ready"), ("readiness", "ready"), ("liveness", "live")):
        asked = container[f"{probe}Probe"]["httpGet"]
        assert asked == {"path": f"{prefix}/v2/health/{end}", "port": "http"}
        assert asked["path"].removeprefix("/api") in paths


@every_served
def test_there_is_time_to_drain(workload):
    pod = template(workload)["spec"]
    (container,) = pod["containers"]
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    drains = Settings.model_fields["service_drain"].default
    assert pod["terminationGracePeriodSeconds"] > waits + drains + server._LONGEST


@every_served
def test_it_has_a_service_and_a_budget(workload):
    labels = workload["metadata"]["labels"]
    assert [each["spec"]["selector"] for each in of_kind("Service")].count(labels) == 1
    budgets = of_kind("PodDisruptionBudget")
    assert [each["spec"]["selector"]["matchLabels"] for each in budgets].count(labels) == 1


def test_what_is_set_are_settings():
    (configuration,) = of_kind("ConfigMap")
    for name in configuration["data"]:
        assert name.removeprefix("ATELIER_").lower() in Settings.model_fields


def test_the_autoscaler_and_the_routes_name_what_is_there():
    named = {label(each) for each in BASE}
    (scaler,) = of_kind("HorizontalPodAutoscaler")
    target = scaler["spec"]["scaleTargetRef"]
    assert f"{target['kind']}/{target['name']}" in named
    assert (
        "replicas"
        not in next(each for each in BASE if label(each) == "Deployment/atelier-api")["spec"]
    )
    routes = [each for each in PLAIN if each["kind"] == "HTTPRoute"]
    backends = [
        to for each in routes for rule in each["spec"]["rules"] for to in rule["backendRefs"]
    ]
    assert {f"Service/{each['name']}" for each in backends} == {
        "Service/atelier-api",
        "Service/atelier-app",
    }
    assert {each["port"] for each in backends} == {80}


def built(overlay: str) -> list[dict[str, Any]]:
    """What Kustomize makes of an overlay."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl, which has Kustomize")
    given = ["kubectl", "kustomize", FOLDER / overlay]
    done = subprocess.run(given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_where_it_learns_all_pods_share_one_volume():
    made = built("training")
    assert {label(each) for each in made} == {label(each) for each in BASE + PLAIN + TRAINING}
    (claim,) = [each for each in made if each["kind"] == "PersistentVolumeClaim"]
    assert claim["metadata"]["namespace"] == "atelier"
    workloads = [each for each in made if each["kind"] in ("Deployment", "CronJob")]
    assert len(workloads) == len(WORKLOADS)
    for each in workloads:
        (kept,) = [v for v in template(each)["spec"]["volumes"] if v["name"] == "kept"]
        assert kept["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
        kubernetes_validate.validate(each, VERSION, strict=True)
    (retrain,) = [each for each in made if each["metadata"]["name"] == "atelier-retrain"]
    assert "/atelier-training:" in template(retrain)["spec"]["containers"][0]["image"]


@pytest.mark.parametrize("overlay", ["plain", "apart", "ray", "training"])
def test_visitors_are_asked_for_pictures_only_where_all_pods_see_them(overlay: str):
    made = built(overlay)
    (configuration,) = [each for each in made if label(each) == "ConfigMap/atelier"]
    workloads = [each for each in made if each["kind"] in ("Deployment", "CronJob")]
    volumes = [each for made in workloads for each in template(made)["spec"]["volumes"]]
    shared = all("emptyDir" not in each for each in volumes if each["name"] == "kept")
    days = float(configuration["data"]["ATELIER_KEPT_DAYS"])
    assert days == (Settings.model_fields["kept_days"].default if shared else 0)
    assert shared == (overlay == "training")


def test_an_application_that_only_draws_asks_the_api():
    folder = FOLDER / "apart"
    patch = yaml.safe_load((folder / "app.yaml").read_text())
    assert label(patch) in {label(each) for each in BASE}
    (container,) = template(patch)["spec"]["containers"]
    (asked,) = container["env"]
    assert asked["name"].removeprefix("ATELIER_").lower() in Settings.model_fields
    host = asked["value"].removeprefix("http://")
    assert f"Service/{host}" in {label(each) for each in BASE}
    policy = yaml.safe_load((folder / "egress.yaml").read_text())
    kubernetes_validate.validate(policy, VERSION, strict=True)
    (rule,) = policy["spec"]["egress"]
    api = next(each for each in BASE if label(each) == f"Deployment/{host}")
    assert rule["to"][0]["podSelector"]["matchLabels"] == template(api)["metadata"]["labels"]
    (port,) = template(api)["spec"]["containers"][0]["ports"]
    assert rule["ports"] == [{"protocol": "TCP", "port": port["containerPort"]}]


def test_it_is_the_same_but_for_the_application():
    made = {label(each): each for each in built("apart")}
    (more,) = made.keys() - {label(each) for each in BASE + PLAIN}
    assert more == "NetworkPolicy/atelier-app-to-api"
    (container,) = template(made["Deployment/atelier-app"])["spec"]["containers"]
    for probe in ("startup", "readiness", "liveness"):
        asked = container[f"{probe}Probe"]["httpGet"]
        assert asked == {"path": "/_stcore/health", "port": "http"}
    assert "ATELIER_SERVICE_JOBS" in made["ConfigMap/atelier"]["data"]
    kubernetes_validate.validate(made["Deployment/atelier-app"], VERSION, strict=True)


def test_the_overlay_builds_into_one_namespace_with_one_image():
    made = built("plain")
    assert {label(each) for each in made} == {label(each) for each in BASE + PLAIN}
    spaces = {each["metadata"].get("namespace") for each in made if each["kind"] != "Namespace"}
    assert spaces == {"atelier"}
    workloads = [each for each in made if each["kind"] in ("Deployment", "CronJob")]
    images = {each["image"] for made in workloads for each in template(made)["spec"]["containers"]}
    assert len(images) == 1
    assert "/atelier:" in images.pop()
    for each in made:
        if "gateway" not in each["apiVersion"]:
            kubernetes_validate.validate(each, VERSION, strict=True)


def served_by_ray() -> dict[str, Any]:
    (service,) = [each for each in documents("ray") if each["kind"] == "RayService"]
    return service["spec"]


def groups() -> list[dict[str, Any]]:
    cluster = served_by_ray()["rayClusterConfig"]
    return [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]


def test_where_ray_runs_its_cluster_takes_the_place_of_api_and_workers():
    made = built("ray")
    (service,) = [each for each in made if each["kind"] == "RayService"]
    assert {label(each) for each in made} == (
        {label(each) for each in BASE + PLAIN + documents("ray")}
        - {
            f"{kind}/atelier-api"
            for kind in ("Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler")
        }
        - {"Deployment/atelier-worker"}
    )
    (route,) = [each for each in made if label(each) == "HTTPRoute/atelier-api"]
    (backend,) = route["spec"]["rules"][0]["backendRefs"]
    assert backend == {"name": f"{service['metadata']['name']}-serve-svc", "port": 8000}
    for each in made:
        if "gateway" not in each["apiVersion"] and "ray.io" not in each["apiVersion"]:
            kubernetes_validate.validate(each, VERSION, strict=True)
    for each in service["spec"]["rayClusterConfig"]["workerGroupSpecs"]:
        (container,) = each["template"]["spec"]["containers"]
        assert "/atelier-ray:" in container["image"]


@pytest.mark.parametrize("group", groups(), ids=["head", "nodes"])
def test_a_node_of_ray_is_a_valid_pod_that_writes_only_where_it_is_told(group: dict[str, Any]):
    pod = group["template"]["spec"]
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}
    kubernetes_validate.validate(whole, VERSION, strict=True)
    assert pod["securityContext"] == template(WORKLOADS[0])["spec"]["securityContext"]
    (container,) = pod["containers"]
    (other,) = template(WORKLOADS[0])["spec"]["containers"]
    assert container["securityContext"] == other["securityContext"]
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounted == {"tmp": "/tmp", "kept": "/var/lib/atelier", "shm": "/dev/shm"}
    (shared,) = [each["emptyDir"] for each in pod["volumes"] if each["name"] == "shm"]
    assert shared == {"medium": "Memory", "sizeLimit": "512Mi"}
    assert int(group["rayStartParams"]["object-store-memory"]) < 512 * 2**20


def test_the_nodes_of_ray_have_room_for_the_most_and_for_one_kind_that_is_replaced():
    (configuration,) = [each for each in documents("ray") if each["kind"] == "ConfigMap"]
    most = {
        name: int(value.rpartition("-")[2])
        for name, value in configuration["data"].items()
        if name.endswith(("REPLICAS", "THREADS"))
    }
    applications = yaml.safe_load(served_by_ray()["serveConfigV2"])["applications"]
    (refine,) = [each for each in applications if each["name"] == "atelier-refine"]
    painting = most["ATELIER_RAY_PAINTING_THREADS"]
    identify = most["ATELIER_RAY_IDENTIFY_REPLICAS"] * most["ATELIER_RAY_THREADS"]
    paint = most["ATELIER_RAY_PAINT_REPLICAS"] * painting
    need = identify + paint + refine["args"]["replicas"] * painting
    (group,) = served_by_ray()["rayClusterConfig"]["workerGroupSpecs"]
    (container,) = group["template"]["spec"]["containers"]
    cores = group["replicas"] * int(container["resources"]["limits"]["cpu"])
    assert cores >= need + max(identify, paint)


def test_ray_is_of_the_version_that_is_installed_with_the_image_and_needs_its_token():
    cluster = served_by_ray()["rayClusterConfig"]
    named = (ROOT / "requirements-ray.txt").read_text()
    assert f"ray[serve]=={cluster['rayVersion']}\n" in named
    assert cluster["authOptions"] == {"mode": "token"}
    (configuration,) = [each for each in documents("ray") if each["kind"] == "ConfigMap"]
    for name in configuration["data"]:
        assert name.removeprefix("ATELIER_").lower() in Settings.model_fields


def test_what_ray_serves_is_what_its_own_schema_takes_and_our_builders_make():
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs Ray (requirements-ray.txt)")
    from serving.cluster import connection

    connection.required()
    from ray.serve import Application
    from ray.serve.schema import ServeDeploySchema

    given = yaml.safe_load(served_by_ray()["serveConfigV2"])
    taken = ServeDeploySchema.model_validate(given)
    assert set(given) <= taken.model_fields_set
    names = set()
    for application, told in zip(taken.applications, given["applications"], strict=True):
        assert application.model_dump(mode="json").items() >= told.items()
        module, _, name = application.import_path.partition(":")
        made = getattr(importlib.import_module(module), name)(application.args)
        assert isinstance(made, Application)
        names.add(application.name)
    assert names == {f"atelier-{name}" for name in ("identify", "paint", "refine", "api")}
    with pytest.raises(ValueError, match="applications"):
        ServeDeploySchema.model_validate({"aplications": given["applications"]})
