#!/bin/sh
# Waits, appends its id to a file, and leaves a process behind:
# effect.sh FILE ID DELAY
trap '' TERM
sleep "$3"
setsid "${0%/*}/stay.sh" "$2" >/dev/null 2>&1 &
echo "$2" >>"$1"
sleep 0.1
