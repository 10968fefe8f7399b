#!/usr/bin/env bash
# Started once for every finished recording of many streams: mixes it into one picture, beside the file.
FILE_NAME=$1
CREATION_MODIFICATION_TIME=$2
DURATION_IN_MS=$3
RECORDER_URI=$4
HOME_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# HOOK_LOG_DIR: logs in the data_dir of the server that started this.
LOG_FILE=${MULTI_RECORD_LOG:-${HOOK_LOG_DIR:-$HOME_DIR/data/logs}/multi-record.log}
MIXER_TOOL=${MIXER_TOOL:-$HOME_DIR/tools/offline_mixer_tool.sh}
# Set LOGGER_ENABLED to true to enable mixing debug logging
LOGGER_ENABLED=${LOGGER_ENABLED:-false}

mkdir -p "$(dirname "$LOG_FILE")"
echo "[$(date '+%Y-%m-%d %H:%M:%S')] Start mixing multiple recording file $FILE_NAME" >> "$LOG_FILE"

if $LOGGER_ENABLED; then
  bash "$MIXER_TOOL" "$FILE_NAME" "$CREATION_MODIFICATION_TIME" "$DURATION_IN_MS" "$RECORDER_URI" >> "$LOG_FILE" 2>&1
else
  bash "$MIXER_TOOL" "$FILE_NAME" "$CREATION_MODIFICATION_TIME" "$DURATION_IN_MS" "$RECORDER_URI" > /dev/null 2>&1
fi

CODE=$?
if [ "$CODE" -eq "71" ]; then
  # By the server's queue, or by hand.
  echo "[$(date '+%Y-%m-%d %H:%M:%S')] Multiple recording file $FILE_NAME is being mixed already" >> "$LOG_FILE"
  exit 0
fi
if [ "$CODE" -ne "0" ]; then
  if [ "$CODE" -eq "64" ]; then
    echo "ERROR: File to mix not found" >> "$LOG_FILE"
  elif [ "$CODE" -eq "65" ]; then
    echo "ERROR: Offline mixer config not found" >> "$LOG_FILE"
  else
    echo "ERROR: Offline mixer tool error code: $CODE" >> "$LOG_FILE"
  fi
  exit $CODE
fi

echo "[$(date '+%Y-%m-%d %H:%M:%S')] Multiple recording file $FILE_NAME is mixed successfully" >> "$LOG_FILE"
exit 0
