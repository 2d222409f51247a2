#!/usr/bin/env bash
# Builds the GIMP plug-in for GIMP 3.0 and tests it there: in a Debian 13, which debootstrap makes beside this system.
# The server is this system's own (`make build`).
#
# The Debian 13 is kept, so that a second run takes what is there: in build/gimp3-root, or in $IMPASTO_GIMP3_ROOT. What is
# built is in build/gimp3. Needs root, or sudo: for debootstrap, mount and chroot.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
root=$(realpath -m "${IMPASTO_GIMP3_ROOT:-build/gimp3-root}")
build=$repository/build/gimp3
impastod=$repository/build/release/bin/impastod

PACKAGES=(
  g++                     # gcc 14
  cmake                   # 3.31
  ninja-build             # the build tool behind CMake
  ccache                  # a second build takes seconds
  mold                    # links quickly
  pkg-config              # finds GIMP, gRPC and Protobuf
  libgrpc++-dev           # gRPC: the client
  protobuf-compiler       # protoc
  protobuf-compiler-grpc  # protoc's gRPC plug-in
  libprotobuf-dev         # the messages
  libabsl-dev             # Status, StatusOr, strings
  nlohmann-json3-dev      # the plug-in's own files
  libgimp-3.0-dev         # GIMP 3.0's library, with GTK 3 and GEGL
  gimp                    # ... and the program
  gettext                 # translations
  python3-markdown        # the page that the Help button opens
  libcli11-dev            # the command line, which is built along
  libgtest-dev            # the unit tests
  libgmock-dev            # ... and their matchers
  python3                 # what the tests are started by
  python3-protobuf        # the API for Python, which is built along
  openssl                 # certificates for the tests of TLS
  locales                 # a German GIMP
)

die() {
  echo "gimp3: $*" >&2
  exit 1
}

if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "making a Debian 13 needs root: run this as root, or install sudo"
  exec sudo --preserve-env=IMPASTO_GIMP3_ROOT "$0" "$@"
fi
command -v debootstrap >/dev/null || die "debootstrap isn't installed: scripts/install.sh test-all"
[ -x "$impastod" ] || die "there is no $impastod: run make build first"
# In a mount namespace of its own: however this ends, nothing stays mounted.
if [ "${1:-}" != mounted ]; then
  exec unshare --mount --propagation private "$0" mounted
fi

if [ ! -e "$root/.complete" ]; then
  # What an earlier run left unfinished can't be trusted.
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase trixie "$root"
fi
mkdir -p "$build" "$root$repository" "$root/tmp"
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount --bind /tmp "$root/tmp" # tests and GIMP exchange files there
mount --bind "$repository" "$root$repository"
mount -o remount,bind,ro "$root$repository"
mount --bind "$build" "$root$build"

inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 CCACHE_DIR="$build/ccache" "$@"
}

if [ ! -e "$root/.complete" ] || [ "$(cat "$root/.complete")" != "${PACKAGES[*]}" ]; then
  # A package's service isn't started in here.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  inside apt-get update -q
  inside env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${PACKAGES[@]}"
  inside localedef -i de_DE -f UTF-8 de_DE.UTF-8
  echo "${PACKAGES[*]}" >"$root/.complete"
fi

inside cmake -S "$repository" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DIMPASTO_BUILD_SERVER=OFF \
  -DIMPASTO_BUILD_GIMP=ON -DIMPASTO_BUILD_KRITA=OFF -DIMPASTO_TEST_IMPASTOD="$impastod" \
  -DIMPASTO_TEST_GIMP_COMMAND="chroot $root gimp-console-3.0"
inside nice cmake --build "$build"

failed=()
# Programs of Debian 13 run there; the tests in GIMP run here, where the server is, and start GIMP there.
inside ctest --test-dir "$build" --output-on-failure --no-tests=error -j 2 -R '^(client_sdk_cpp|gimp_(core|pixels))_' || failed+=("unit tests")
ctest --test-dir "$build" --output-on-failure --no-tests=error -L hosts || failed+=("tests in GIMP 3.0")
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'gimp3: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
