#!/bin/sh
# Starts a child that changes its process group, as timeout(1) does.
timeout 10 "${0%/*}/stay.sh" "$1" &
exec sleep 10
