#!/bin/sh
# Writes to the file that its mark names, for ever, or until that has 32 MiB.
ulimit -t 10
trap '' TERM
cd "${0%/*}" || exit
n=0
: >"$1"
while [ "$n" -lt 1000000 ]; do
	echo "this is line $n" >>"$1"
	n=$((n + 1))
done
