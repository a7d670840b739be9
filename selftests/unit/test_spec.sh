#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The contract of the netlink family: valid, and the same in the spec, in the uapi
# header and in what the documentation of the header lists.  The schema and the
# generator are the kernel's.

set -euo pipefail

TOP=$(cd ../.. && pwd)
VM=$TOP/selftests/vm
for part in log cache archive source; do
	# shellcheck source=/dev/null
	. "$VM/$part.sh"
done
# shellcheck source=../ktap.sh
. ../ktap.sh

SPEC=$TOP/docs/netlink/tcpstates.yaml
HEADER=$TOP/module/include/uapi/linux/tcpstates.h
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# A folder that the generator takes for a kernel tree
tree()
{
	local specs=$WORK/Documentation/netlink/specs

	mkdir -p "$specs"
	cp "$SOURCE"/Documentation/netlink/*.yaml "$specs/.."
	cp "$SPEC" "$specs"
	: >"$WORK/MAINTAINERS"
}

valid()
{
	python3 - "$SPEC" "$SOURCE/Documentation/netlink/genetlink.yaml" <<-'END'
	import sys, jsonschema, yaml
	spec, schema = (yaml.safe_load(open(name)) for name in sys.argv[1:])
	jsonschema.validate(spec, schema)
	END
}

# Also what no schema knows: names in operations that are no attributes
generate()
{
	(
		cd "$WORK"
		timeout 60 python3 "$SOURCE/tools/net/ynl/ynl-gen-c.py" \
			--spec Documentation/netlink/specs/tcpstates.yaml \
			--mode uapi --header
	) >"$WORK/generated.h" && [[ -s $WORK/generated.h ]]
}

# constants HEADER: without comments, blanks and what is not netlink's
constants()
{
	gcc -E -P -fpreprocessed -dD - <"$1" | grep -v '^#undef' |
		grep -vE '_UAPI_LINUX_|TCPSTATES_(VERSION|PROC_NAME|PROC_FORMAT)' |
		tr -s ' \t\n' '\n' | sed '/^$/d'
}

header_is_spec()
{
	local lines

	lines=$(constants "$HEADER" | wc -l)
	[[ $lines -gt 200 ]] || { echo "$lines words"; return 1; }
	diff <(constants "$WORK/generated.h") <(constants "$HEADER")
}

# The comments come from the spec as well.
comments_are_spec()
{
	diff <(sed -n '/^\/\*\*/,/\*\//p' "$WORK/generated.h") \
		<(sed -n '/^\/\*\*/,/\*\//p' "$HEADER")
}

# What is said in prose at the top of the header: every attribute, by its name
prose_is_complete()
{
	local word prose bad=0

	prose=$(sed '/^#ifndef/q' "$HEADER")
	for word in $(constants "$HEADER" |
		grep -oE 'TCPSTATES_A_[A-Z0-9_]+' | grep -v '_MAX$' |
		sed -E 's/TCPSTATES_A_(STATE_STATS|EDGE_STATS|CLOSED_STATS|[A-Z]+)_//' |
		sort -u); do
		grep -qw "$word" <<<"$prose" ||
			{ echo "$word is not in the prose"; bad=1; }
	done
	return "$bad"
}

source_resolve 6.12
tree
ktap_plan 5
ktap_run "spec: the kernel's schema" valid
ktap_run "spec: the kernel's generator makes a header of it" generate
ktap_run "header: the same names and values" header_is_spec
ktap_run "header: the same comments" comments_are_spec
ktap_run "header: every attribute is in the prose" prose_is_complete
ktap_finish
