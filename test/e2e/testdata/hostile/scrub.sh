#!/bin/sh
# Leaves a child without environment, in a session of its own.
env -i setsid "${0%/*}/stay.sh" "$1" &
exec sleep 0.2
