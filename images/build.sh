#!/usr/bin/env bash
# Builds the image with docker, podman or buildah, whichever works here:
#   images/build.sh [--build-arg BASE=…] [--secret id=pip,src=pip.conf] …
# SKREG_IMAGE names it (default localhost/skreg:latest), SKREG_IMAGE_TOOL chooses the builder.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${SKREG_IMAGE:-localhost/skreg:latest}

builder() {
  if [ -n "${SKREG_IMAGE_TOOL:-}" ]; then
    echo "$SKREG_IMAGE_TOOL"
  elif command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    echo docker
  elif command -v podman >/dev/null; then
    echo podman
  elif command -v buildah >/dev/null; then
    echo buildah
  else
    echo "make image needs docker (with its daemon running), podman or buildah." >&2
    return 1
  fi
}

tool=$(builder)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' app/pyproject.toml)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
common=(--file images/Containerfile --tag "$image"
  --build-arg "VERSION=$version" --build-arg "REVISION=$revision")

case $tool in
  # The Docker format, because the OCI one has no health check.
  podman | buildah)
    "$tool" build "${common[@]}" --format docker \
      --ignorefile images/Containerfile.dockerignore "$@" .
    ;;
  *) DOCKER_BUILDKIT=1 "$tool" build "${common[@]}" "$@" . ;;
esac
echo "Built $image with $tool."
