#!/usr/bin/env bash
# The programs that the tests start: installed where they are missing, which needs root and apt-get; silent otherwise.
set -euo pipefail

packages=()
need() { # need PACKAGE COMMAND: the package is missing if the command is.
  command -v "$2" >/dev/null || [ -x "/usr/sbin/$2" ] || packages+=("$1")
}
need git git
need openssh-server sshd
need openssh-client ssh
need nodejs node
need npm npm
need tar tar
need slurm-wlm slurmctld
need munge munged
need docker.io dockerd
need docker.io docker
need busybox-static busybox
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)

if [ "${#packages[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing: ${packages[*]}; install them, or run this as root on Debian" >&2
    exit 1
  fi
  echo "installing ${packages[*]}"
  apt-get update -qq
  # From Debian 13 on, docker's command line is a package of its own, which the engine's only recommends.
  if ! command -v docker >/dev/null && apt-cache show docker-cli >/dev/null 2>&1; then packages+=(docker-cli); fi
  # The service that openssh-server starts by itself is not wanted: the tests start their own.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

# sshd wants this folder, which a machine without a running service lacks.
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
