# Sourced by ./run and ./check: finds a JDK 25 even where java on the PATH is another one, and installs system packages.

# Streams, and so files, have names in all scripts, which a JVM can write only where the locale is UTF-8.
[ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8

install_packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $* …" >&2
        apt-get update -qq >&2 || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || {
            echo "tapedeck: these packages could not be installed: $*" >&2
            exit 69
        }
    else
        echo "tapedeck: please install: $*   (Debian: sudo apt-get install $*)" >&2
        exit 69
    fi
}

# The bundled ffmpeg is linked against these.
require_libraries() {
    local missing=()
    for pair in libxcb.so.1=libxcb1 libxcb-shm.so.0=libxcb-shm0 libpulse.so.0=libpulse0 libasound.so.2=libasound2; do
        /sbin/ldconfig -p | grep -F "${pair%%=*}" >/dev/null || missing+=("${pair##*=}")
    done
    [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

find_jdk() {
    local home
    for home in "${JAVA_HOME:-}" "$(dirname "$(dirname "$(readlink -f "$(command -v javac || echo /none/bin/javac)")")")" \
        /usr/lib/jvm/* /opt/java/* /opt/jdk* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        [ -x "$home/bin/javac" ] && grep -q '^JAVA_VERSION="25[."]' "$home/release" 2>/dev/null && { echo "$home"; return; }
    done
    return 1
}

if ! JAVA_HOME=$(find_jdk); then
    echo "tapedeck: a JDK 25 is needed, for example Temurin from https://adoptium.net, or: apt-get install openjdk-25-jdk-headless" >&2
    exit 69
fi
export JAVA_HOME
JAVA=$JAVA_HOME/bin/java
