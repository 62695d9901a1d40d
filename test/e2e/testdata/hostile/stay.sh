#!/bin/sh
# Lives for ten seconds and ends for nobody who asks. All of these scripts take
# a mark, by which the test finds what is left of them.
trap '' TERM HUP INT
n=0
while [ "$n" -lt 100 ]; do
	sleep 0.1
	n=$((n + 1))
done
