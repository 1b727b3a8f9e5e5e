#!/bin/bash
# SPDX-License-Identifier: MIT
# The drivers under load as far as a test of every day goes; `make stress` goes on from there.
#
# usage: tests/integration/stress.sh BUILD
exec "$(dirname "$0")/../stress/run.sh" --quick "$@"
