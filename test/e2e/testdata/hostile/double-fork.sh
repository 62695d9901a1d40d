#!/bin/sh
# Leaves a grandchild behind whose parent has ended, without the output.
(setsid "${0%/*}/stay.sh" "$1" >/dev/null 2>&1 &)
