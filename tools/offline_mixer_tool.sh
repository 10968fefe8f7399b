#!/usr/bin/env bash
# The tool of the recording page for recordings of many streams.
#
#   offline_mixer_tool.sh --show-tracks-info FILE          prints the tracks as JSON, as ./run tracks FILE does
#   offline_mixer_tool.sh FILE [CREATED DURATION_MS URI]   mixes all streams into one picture beside the file
#
# Exit codes: 64 there is no such file, 65 there is no configuration (conf/offline_mixer.json), others as ./run has them.
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }

case ${1:-} in
    '' | -h | --help)
        sed -n 's/^# \{0,1\}//; 3,7p' "${BASH_SOURCE[0]}" >&2
        [ -n "${1:-}" ] || exit 64
        exit 0
        ;;
esac

if [ "${1:-}" = --show-tracks-info ]; then
    if [ ! -f "${2:-}" ]; then
        echo "tapedeck: there is no file ${2:-}" >&2
        exit 64
    fi
    exec "$home/run" tracks "$(absolute "$2")"
fi

if [ ! -f "${1:-}" ]; then
    echo "tapedeck: there is no file ${1:-}" >&2
    exit 64
fi
if [ ! -f "$home/conf/offline_mixer.json" ]; then
    echo "tapedeck: there is no $home/conf/offline_mixer.json" >&2
    exit 65
fi
file=$(absolute "$1")
shift
exec "$home/run" mix "$file" "$@"
