#!/bin/sh
# Starts children in a loop, each of which gives up after ten seconds.
trap '' TERM
n=0
while [ "$n" -lt 60 ]; do
	sleep 10 &
	setsid sleep 10 &
	n=$((n + 1))
done
exec sleep 10
