"""The Kubernetes manifests follow the schema of its API, hang together, and say the same as the compose file."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from tests.deploy.test_compose import IMPORTERS, ROOT, import_folders
from tests.deploy.test_compose import services as compose_services

FOLDER = ROOT / "deploy" / "k8s"
VERSION: Final = "1.31"
MADE_BEFOREHAND: Final = ("emoverse", "emoverse-inside")
"""Secrets."""
WORKLOADS: Final = ("Deployment", "StatefulSet")
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())

Resource = dict[str, Any]


def documents(file: Path) -> Iterator[Resource]:
    yield from yaml.safe_load_all(file.read_text())


def resources(folder: str) -> list[Resource]:
    """Of the files of a folder, as they stand."""
    files = [file for file in sorted((FOLDER / folder).glob("*.yaml")) if file.name != "kustomization.yaml"]
    return [document for file in files for document in documents(file)]


def built(overlay: str) -> list[Resource]:
    """What would be applied."""
    folder = str(FOLDER / "overlays" / overlay)
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize", "--load-restrictor=LoadRestrictionsRootOnly", folder]
    elif kustomize := shutil.which("kustomize"):
        command = [kustomize, "build", folder]
    else:
        pytest.skip("neither kubectl nor kustomize is installed")
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return list(yaml.safe_load_all(result.stdout))


def named(found: list[Resource], *kinds: str) -> dict[str, Resource]:
    return {each["metadata"]["name"]: each for each in found if each["kind"] in kinds}


def check(found: list[Resource]) -> None:
    for each in found:
        kubernetes_validate.validate(each, VERSION, strict=True)


@pytest.mark.parametrize("folder", ["base", *(f"overlays/{name}" for name in OVERLAYS)])
def test_every_manifest_follows_the_schema(folder: str):
    check(resources(folder))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_builds_follows_the_schema_and_hangs_together(overlay: str):
    found = built(overlay)
    check(found)
    workloads = named(found, *WORKLOADS)
    for name, service in named(found, "Service").items():
        labels = workloads[name]["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"].items() <= labels.items()
    for scaler in named(found, "HorizontalPodAutoscaler").values():
        assert scaler["spec"]["scaleTargetRef"]["name"] in workloads
        assert scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
    configured = {*named(found, "ConfigMap", "Secret", "PersistentVolumeClaim"), *MADE_BEFOREHAND}
    for workload in (*workloads.values(), *named(found, "Job").values()):
        assert set(mounted(workload["spec"]["template"]["spec"])) <= configured


def mounted(pod: Resource) -> Iterator[str]:
    for volume in pod.get("volumes", ()):
        if claim := volume.get("persistentVolumeClaim"):
            yield claim["claimName"]
        if source := volume.get("configMap") or volume.get("secret"):
            yield source.get("name") or source["secretName"]
    for container in pod["containers"]:
        for source in container.get("envFrom", ()):
            yield source["configMapRef"]["name"]


def test_with_tls_every_part_has_the_certificates_that_it_is_told_of_and_is_probed_with_them():
    found = built("tls")
    (folder,) = {str(Path(path).parent) for name, path in told(found).items() if name.startswith("TLS_")}
    for workload in named(found, "Deployment", "Job").values():
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        assert folder in {mount["mountPath"] for mount in container["volumeMounts"]}
        assert not any("grpc" in container.get(f"{name}Probe", ()) for name in ("startup", "readiness", "liveness"))


def told(found: list[Resource]) -> dict[str, str]:
    return named(found, "ConfigMap")["settings"]["data"]


@pytest.mark.parametrize("folder", ["base", *(f"overlays/{name}" for name in OVERLAYS)])
def test_kubernetes_sets_no_variable_that_a_service_takes_for_its_own(folder: str):
    for workload in named(resources(folder), *WORKLOADS, "Job").values():
        assert workload["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_the_secret_of_production_holds_every_name_that_the_base_expects():
    expected = re.findall(r"\w+_(?:url|secret)", (FOLDER / "base" / "settings.yaml").read_text().split("apiVersion")[0])
    told = (FOLDER / "overlays" / "production" / "kustomization.yaml").read_text()
    assert sorted(re.findall(r"--from-file=(\w+)", told)) == sorted(expected) != []


def test_every_namespace_that_is_let_in_by_a_label_is_told_how_to_get_it():
    rules = [
        rule
        for policy in named(resources("base"), "NetworkPolicy").values()
        for rule in policy["spec"].get("ingress", ())
    ]
    peers = [peer for rule in rules for peer in rule["from"] if "namespaceSelector" in peer]
    told = (ROOT / "docs" / "operating.md").read_text()
    for peer in peers:
        for label, value in peer["namespaceSelector"]["matchLabels"].items():
            assert re.search(rf"kubectl label namespace \S+ {label}={value}", told)


def test_every_pod_has_few_rights_and_bounds_and_shows_whether_it_lives():
    for workload in named(resources("base"), "Deployment").values():
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]
            assert {"readinessProbe", "livenessProbe"} & set(container)


def test_a_part_is_told_the_same_as_in_the_compose_file():
    for name, workload in named(resources("base"), *WORKLOADS, "Job").items():
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        if name in compose_services():
            assert container.get("args") == compose_services()[name].get("command"), name


def test_the_parts_are_those_of_the_compose_file():
    ours = {name for name, service in compose_services().items() if "profiles" not in service}
    found = resources("base") + resources("overlays/one-node")
    # The entrance is the cluster's, and the accounts are brought up to date as the rest is.
    assert set(named(found, *WORKLOADS, "Job")) >= ours - {"entrance"}


def test_who_sends_files_and_who_imports_them_write_to_one_volume():
    workloads = named(resources("base"), "Deployment")
    claims: set[str] = set()
    for name in IMPORTERS:
        pod = workloads[name]["spec"]["template"]["spec"]
        (volume,) = [each for each in pod["volumes"] if "persistentVolumeClaim" in each]
        (mount,) = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == volume["name"]]
        assert all(folder.is_relative_to(mount["mountPath"]) for folder in import_folders())
        assert not mount.get("readOnly")
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]
        claims.add(volume["persistentVolumeClaim"]["claimName"])
    assert claims == {"imports"}


@pytest.mark.parametrize(("overlay", "access"), [("production", "ReadWriteMany"), ("one-node", "ReadWriteOnce")])
def test_a_volume_is_for_as_many_nodes_as_there_are(overlay: str, access: str):
    assert named(built(overlay), "PersistentVolumeClaim")["imports"]["spec"]["accessModes"] == [access]


def test_a_browser_stays_with_one_gateway():
    annotations = named(built("production"), "Ingress")["web"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/affinity"] == "cookie"
