# Sourced by run.sh and test.sh: what they need of Debian 12, and the release build.

packages=(g++ cmake ninja-build python3 python3-jsonschema python3-yaml libboost-graph-dev libeigen3-dev
          libtbb-dev libyaml-cpp-dev libfmt-dev catch2 libcli11-dev nlohmann-json3-dev libbenchmark-dev libsqlite3-dev
          libboost-mpi-dev libopenmpi-dev openmpi-bin)

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    if ! dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
      echo "$package"
    fi
  done
}

install_missing() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [[ ${#missing[@]} -eq 0 ]]; then
    return
  fi
  if [[ $(id -u) -ne 0 ]]; then
    echo "missing packages; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 2
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  apt-get install -y --no-install-recommends "${missing[@]}"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  cmake --preset "$preset"
  cmake --build --preset "$preset" ${@:+--target "$@"}
}
