#!/bin/sh
# Starts a child in a session of its own, and stays.
setsid "${0%/*}/stay.sh" "$1" &
exec sleep 10
