#!/usr/bin/env bash
# Started once for every finished recording. Arguments: stream name, absolute path of the file.
# Also in the environment: STREAM_NAME FILE DURATION_MS SIZE MEDIA_SESSION_ID START_TIME_MILLIS REASON
# (stopped, rotated, error, no_space or recovered). Copy, move or upload the file here, or name a script of your own
# with on_record_hook_script.
STREAM_NAME=$1
FILE_NAME=$2

# echo "$(date '+%F %T') $STREAM_NAME $FILE_NAME ${DURATION_MS} ms ${SIZE} bytes ${REASON}" >> /var/log/tapedeck-records.log
# cp -- "$FILE_NAME" /opt/media/
exit 0
