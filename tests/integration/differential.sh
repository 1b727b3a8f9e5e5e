#!/bin/bash
# SPDX-License-Identifier: MIT
# libsasl2 with and without the plugin, name by name, in clients and servers.
#
# usage: tests/integration/differential.sh BUILD [NAMES]
exec "${1:?usage: $0 BUILD [NAMES]}/stress/differential" "$1" "${2:-100000}"
