#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures side by side in one run; read the numbers as ratios, the machine is not yours alone.
#
# usage: tests/bench/run.sh BUILD
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath "${1:?usage: tests/bench/run.sh BUILD}") # libpam wants absolute paths
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo "== decision (bound: 100 ns for an ordinary identity)"
"$build/bench/decide"
{
	echo 'policy 1;'
	for i in $(seq 1000); do
		echo "reserve \"d$i.acme.internal\";"
	done
} > "$scratch/thousand.policy"
"$build/authfence" policy compile --output "$scratch/thousand.bin" "$scratch/thousand.policy" > "$scratch/log"
"$build/bench/decide" "$scratch/thousand.bin"
cat > "$scratch/clauses.policy" << END
policy 1;
exception lab { identity "*@example.org"; target 192.88.99.0/24; service imap;
	reason "measured"; owner "root"; expires $(date -d '+30 days' +%F); }
protect pay { identity "*@pay.corp.net"; target 10.0.0.0/8; }
service imap { on-block refuse; }
END
"$build/authfence" policy compile --output "$scratch/clauses.bin" "$scratch/clauses.policy" > "$scratch/log" 2>&1
"$build/bench/decide" "$scratch/clauses.bin"

echo "== libsasl2 with and without the plugin (bounds: exchange +1 us, init 1.35 times)"
"$build/bench/sasl" "$build"

echo "== libpam: the guard beside other modules (bound: no slower than pam_succeed_if)"
"$build/bench/pam" "$build" "$scratch/thousand.bin"

echo "== the preload guard (bounds: 30 ns and 300 instructions for a descriptor not watched)"
"$build/bench/preload" "$build"

echo "== the probe, with answers that take 20 ms (bounds: 1.5 times the critical path, 64 MiB)"
if [ "$(id -u)" -eq 0 ]; then
	tests/bench/probe.sh "$build"
else
	echo "skipped: it needs root for its namespaces"
fi
