#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libFuzzer on tools/lib, for a bounded number of inputs and of seconds: first
# all of corpus/ and fixtures/ as they are, then what it makes of them.
#
#   OUT=FOLDER test_fuzz.sh [-OPTION=VALUE]...      options of libFuzzer

set -euo pipefail

TOP=../..
LIBMNL=(open2 close bind setsockopt get_portid get_fd sendto recvfrom)
work=$OUT/fuzz
rm -rf "$work"
mkdir -p "$work/seeds" "$work/found"

# What tools/lib/events*.c need is not always there, and they parse nothing.
library()
{
	find "$TOP/tools/lib" -name '*.c' ! -name 'events*.c'
	echo "$TOP/tools/lib/events_none.c"
}

builds()
{
	local sources

	mapfile -t sources < <(library)
	clang -O1 -g -std=gnu11 -D_GNU_SOURCE \
		-fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -I"$TOP/tools" -I"$TOP/tools/lib" \
		-I"$TOP/module/include/uapi" \
		"${LIBMNL[@]/#/-Wl,--wrap=mnl_socket_}" \
		-o "$work/fuzz_lib" fuzz_lib.c "${sources[@]}" -lmnl
}

seeds()
{
	local file

	cp corpus/* "$work/seeds/"
	for file in fixtures/*; do
		case $file in *.json|*.txt) continue ;; esac
		{ printf p; cat "$file"; } >"$work/seeds/${file##*/}"
	done
}

# run NAME OPTION...: silent if it is well
run()
{
	local name=$1

	shift
	if "$work/fuzz_lib" -artifact_prefix="$work/" "$@" \
		>"$work/$name.log" 2>&1
	then
		echo "ok - $name"
	else
		tail -n 60 "$work/$name.log"
		echo "not ok - $name"
		exit 1
	fi
}

# Without seeds that reach the end, what follows would be noise.
each_kind()
{
	local kind kinds

	kinds=$(head -qc 1 "$work"/seeds/*)
	for kind in c l h n s p t a e r w m; do
		grep -q "$kind" <<<"$kinds" ||
			{ echo "not ok - no seed of kind '$kind'"; exit 1; }
	done
}

# What a kernel has said is understood, each of it.
WHOLE=(conns listeners hist hist_all netns alerts alerts_follow rules rule_set
       history rules_text)

whole()
{
	local name

	for name in "${WHOLE[@]}"; do
		FUZZ_WHOLE=1 run "$name is understood" "corpus/$name"
	done
}

command -v clang >/dev/null || { echo "# no clang"; exit 4; }
builds
seeds
each_kind
whole
run "the corpus as it is" -runs=0 -timeout=10 "$work/seeds"
run "what is made of it" -seed=1 -runs=400000 -max_total_time=40 \
	-max_len=8192 -timeout=10 "$@" "$work/found" "$work/seeds"
grep -E '^(Done|stat::)|DONE' "$work/what is made of it.log"
