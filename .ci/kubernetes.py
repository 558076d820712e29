"""Checks that rendered Kubernetes manifests hold together: selectors, ports, images, settings, the time to drain."""

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

NAME = "app.kubernetes.io/name"
METRICS = "metrics"
HARDENED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def seconds(text):
    value, unit = re.fullmatch(r"([\d.]+)(ms|s|m)", text).groups()
    return float(value) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def dockerfile():
    """The ports of each target."""
    targets, target = {}, None
    for line in Path("Dockerfile").read_text().splitlines():
        if match := re.match(r"FROM \S+ AS (\S+)", line):
            target = match[1]
            targets[target] = []
        elif match := re.match(r"EXPOSE (\d+)", line):
            targets[target].append(int(match[1]))
    return targets


def settings():
    """The environment variables that the programs read."""
    sources = (path.read_text() for path in Path().glob("*/src/**/*.rs"))
    return {name for source in sources for name in re.findall(r'env = "(NUTGRAF_\w+)"', source)}


class Manifests:
    def __init__(self, text):
        self.all = [item for item in yaml.safe_load_all(text) if item]
        self.problems = []

    def of(self, kind):
        return [item for item in self.all if item["kind"] == kind]

    def expect(self, holds, item, problem):
        if not holds:
            self.problems.append(f"{item['kind']} {item['metadata']['name']}: {problem}")

    def selected(self, labels):
        """The deployments whose pods have these labels."""
        pods = lambda item: item["spec"]["template"]["metadata"]["labels"]
        return [item for item in self.of("Deployment") if labels.items() <= pods(item).items()]

    def chosen(self, selector):
        """The same for a selector with expressions."""
        found = self.selected(selector.get("matchLabels", {}))
        for expression in selector.get("matchExpressions", []):
            assert (expression["key"], expression["operator"]) == (NAME, "In"), expression
            names = [one for value in expression["values"] for one in self.selected({NAME: value})]
            assert len(names) == len(expression["values"]), expression
            found = [item for item in found if item in names]
        return found

    def deployment(self, item, targets, known):
        pod = item["spec"]["template"]["spec"]
        labels = item["spec"]["selector"]["matchLabels"]
        self.expect(self.selected(labels) == [item], item, "its selector matches other pods, or not its own")
        context = pod.get("securityContext", {})
        self.expect(context.get("runAsNonRoot") is True and context.get("seccompProfile") == {"type": "RuntimeDefault"}, item, "its pod is not hardened")
        self.expect(pod.get("automountServiceAccountToken") is False, item, "its pods have a token")
        for container in pod["containers"]:
            self.container(item, pod, container, targets, known)

    def container(self, item, pod, container, targets, known):
        self.expect(container.get("securityContext") == HARDENED, item, "its container is not hardened")
        self.expect({"requests", "limits"} <= container.get("resources", {}).keys(), item, "its container has no requests or limits")
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for name in ("startupProbe", "readinessProbe", "livenessProbe"):
            for kind in ("grpc", "httpGet", "tcpSocket"):
                port = container.get(name, {}).get(kind, {}).get("port")
                self.expect(port is None or port in ports or port in ports.values(), item, f"{name} asks a port that is none")
        if not container["image"].startswith("nutgraf/"):
            return
        self.expect({"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), item, "it has not all probes")
        target = container["image"].removeprefix("nutgraf/").split(":")[0]
        calls = [port for name, port in ports.items() if name != METRICS]
        self.expect(targets.get(target) == calls, item, f"the Dockerfile has no target {target} with these ports")
        env = {variable["name"]: variable["value"] for variable in container.get("env", [])}
        unknown = {name for name in env if name.startswith("NUTGRAF_")} - known
        self.expect(not unknown, item, f"nothing reads {sorted(unknown)}")
        drain = seconds(env["NUTGRAF_DRAIN_NOTICE"]) + seconds(env["NUTGRAF_DRAIN_LIMIT"])
        self.expect(pod["terminationGracePeriodSeconds"] > drain, item, "it is killed while it drains")
        for name in ("NUTGRAF_SCRAPER", "NUTGRAF_SUMMARIZER"):
            if name in env:
                self.upstream(item, urlsplit(env[name]))

    def upstream(self, item, url):
        services = [one for one in self.of("Service") if one["metadata"]["name"] == url.hostname]
        headless = [one for one in services if one["spec"].get("clusterIP") == "None"]
        self.expect(len(headless) == 1, item, f"{url.hostname} is no headless service")
        for service in headless:
            ports = [port["port"] for port in service["spec"]["ports"]]
            # A headless service translates no ports.
            self.expect(ports == [url.port], item, f"{url.hostname} has not the port {url.port}")
            self.expect([url.port] == self.ports(self.selected(service["spec"]["selector"])), service, "its port is not the container's")

    def ports(self, deployments, without=METRICS):
        """The ports that calls come to."""
        containers = [one for item in deployments for one in item["spec"]["template"]["spec"]["containers"]]
        ports = [port for container in containers for port in container["ports"]]
        return [port["containerPort"] for port in ports if port["name"] != without]

    def service(self, item):
        selected = self.selected(item["spec"]["selector"])
        self.expect(len(selected) == 1, item, "it does not select one deployment")
        names = [port["name"] for one in selected for container in one["spec"]["template"]["spec"]["containers"] for port in container["ports"]]
        self.expect(all(port["targetPort"] in names for port in item["spec"]["ports"]), item, "its target port is none of the container's")

    def policy(self, item):
        spec = item["spec"]
        here = self.chosen(spec["podSelector"])
        self.expect(here, item, "it selects no pod")
        for rule in spec.get("ingress", []):
            allowed = [port["port"] for port in rule["ports"]]
            self.expect(set(allowed) <= set(self.ports(here, without=None)), item, "it lets in to a port that is none of the pod's")
            for peer in rule.get("from", []):
                # Who is in other namespaces isn't known here.
                outside = "namespaceSelector" in peer
                self.expect(outside or self.chosen(peer["podSelector"]), item, "it lets in nobody")
        for rule in spec.get("egress", []):
            for peer in rule["to"]:
                if set(peer) != {"podSelector"}:
                    continue
                there = self.chosen(peer["podSelector"])
                self.expect([port["port"] for port in rule["ports"]] == self.ports(there), item, "it lets out to a port that is none of the other's")

    def check(self):
        targets, known = dockerfile(), settings()
        names = {item["metadata"]["name"] for item in self.of("Deployment")}
        for item in self.of("Deployment"):
            self.deployment(item, targets, known)
        for item in self.of("Service"):
            self.service(item)
        for item in self.of("NetworkPolicy"):
            self.policy(item)
        for item in self.of("PodDisruptionBudget"):
            self.expect(len(self.chosen(item["spec"]["selector"])) == 1, item, "it does not select one deployment")
        for item in self.of("HorizontalPodAutoscaler"):
            self.expect(item["spec"]["scaleTargetRef"]["name"] in names, item, "there is nothing to scale")
        for name in ("scraper-svc", "summarizer-svc", "gateway"):
            scaled = [item["spec"]["scaleTargetRef"]["name"] for item in self.of("HorizontalPodAutoscaler")]
            self.expect(name in names and name in scaled, self.all[0], f"{name} is missing, or not scaled")
        denied = [item for item in self.of("NetworkPolicy") if item["spec"]["podSelector"] == {}]
        deny = [item for item in denied if set(item["spec"]["policyTypes"]) == {"Ingress", "Egress"}]
        self.expect(len(deny) == 1 and not {"ingress", "egress"} & deny[0]["spec"].keys(), self.all[0], "nothing denies what is not allowed")
        self.expect(len({item["metadata"].get("namespace") for item in self.all if item["kind"] != "Namespace"}) == 1, self.all[0], "more than one namespace")


manifests = Manifests(Path(sys.argv[1]).read_text())
manifests.check()
print("\n".join(manifests.problems), end="\n" if manifests.problems else "")
sys.exit(bool(manifests.problems))
