#!/bin/sh
# Writes what is no text as fast as it can.
ulimit -t 10
exec cat /dev/urandom
