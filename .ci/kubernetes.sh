#!/usr/bin/env bash
# Renders the Kubernetes manifests and checks them: against the API's schemas, among themselves, and against the
# Dockerfile and the flags that the programs have.
set -euo pipefail
source .ci/steps.sh
if ! command -v kubectl >/dev/null; then
  echo 'SKIPPED: kubectl (1.21 or newer) is not here, and no package has one'
  exit 0
fi
tools=target/ci-tools/kubernetes-validate-1.37.0
if [[ ! -x $tools/bin/kubernetes-validate ]]; then
  debian python3-venv
  python3 -m venv "$tools" && "$tools/bin/pip" install --quiet kubernetes-validate==1.37.0 || fail "can't install kubernetes-validate"
fi

# The components are for overlays; this one has them all.
all=target/ci-kubernetes
mkdir -p "$all"
cat >"$all/kustomization.yaml" <<'EOF'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../deploy/kubernetes/overlays/models]
components: [../../deploy/kubernetes/components/queue-depth, ../../deploy/kubernetes/components/cache]
EOF
for kustomization in deploy/kubernetes/base deploy/kubernetes/overlays/* "$all"; do
  rendered=$all/rendered.yaml
  kubectl kustomize "$kustomization" >"$rendered"
  for version in 1.37.0 1.30.0; do
    "$tools/bin/kubernetes-validate" --strict --quiet --kubernetes-version "$version" "$rendered" || fail "$kustomization is not valid for Kubernetes $version"
  done
  "$tools/bin/python" .ci/kubernetes.py "$rendered" || fail "$kustomization does not hold together"
done
echo 'the manifests hold together'
