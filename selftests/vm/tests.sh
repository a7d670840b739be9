# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The tests of selftests/: which there are, and what each asks for in its
# header:  # packages: nginx   # modules: veth   # timeout: 120
#          # source: tools/net/ynl
# and, where processors are to run at the same time instead of taking turns:
# # threads: multi   QEMU 7.2 with a thread for each processor can run a
# breakpoint that has just been taken away, so few tests do that;
# and, where the test asks how soon something happens:
# # clock: virtual

TESTS_TIMEOUT=120

# tests_build: the tool and the small programs of the tests, in $PROGRAMS.
tests_build()
{
	local dir

	PROGRAMS=$TOP
	if [[ -n $ARCH_TRIPLET ]]; then
		arch_programs
		return
	fi
	mkdir -p "$TOP/out"
	(
		flock 9
		for dir in tools selftests; do
			[[ -f $TOP/$dir/Makefile ]] || continue
			make -s -C "$TOP/$dir" >&2 9>&- || exit
		done
	) 9>"$TOP/out/build.lock" ||
		die "the tool or the tests do not build: see above"
}

# tests_resolve: no names means all; a name that is no test is an error.
tests_resolve()
{
	local name

	if [[ ${#TESTS[@]} -eq 0 ]]; then
		mapfile -t TESTS < <(tests_all)
		[[ ${#TESTS[@]} -gt 0 ]] ||
			die "selftests/Makefile names no TEST_PROGS"
	fi
	for name in "${TESTS[@]}"; do
		[[ -x $TOP/selftests/$name ]] ||
			die "no such test: selftests/$name (or not executable)"
	done
}

tests_all()
{
	[[ -f $TOP/selftests/Makefile ]] || return 0
	# The expressions are for make.
	# shellcheck disable=SC2016
	make -s --no-print-directory -C "$TOP/selftests" \
		--eval 'vm-tests: ; @printf "%s\n" $(TEST_PROGS)' vm-tests
}

# tests_field FILE FIELD: its header "# FIELD: words".
tests_field()
{
	sed -n "1,40s/^# $2:[[:space:]]*//p" "$1" | tr '\n' ' '
}

# tests_header FIELD: the words of all tests of this run.
tests_header()
{
	local name

	for name in "${TESTS[@]}"; do
		tests_field "$TOP/selftests/$name" "$1"
	done
}

# tests_limit NAME: seconds in the guest. Who asks for a time of his own for the
# whole means tests that take longer than they say.
tests_limit()
{
	local limit

	limit=$(tests_field "$TOP/selftests/$1" timeout)
	limit=${limit%% *}
	[[ $limit =~ ^[0-9]+$ ]] || limit=$TESTS_TIMEOUT
	[[ ! $KERNEL =~ ^(debug|kcsan)$ ]] || limit=$((limit * 4))
	[[ -z $TIMEOUT || $TIMEOUT -lt $limit ]] || limit=$TIMEOUT
	echo "$limit"
}

# tests_list: for the guest, "NAME|SECONDS|MODULES" a line.
tests_list()
{
	local name

	for name in "${TESTS[@]}"; do
		echo "$name|$(tests_limit "$name")|$(tests_field \
			"$TOP/selftests/$name" modules)"
	done
}

# tests_time: seconds on the host for the whole run.
tests_time()
{
	local name sum=120

	if [[ -n $TIMEOUT ]]; then
		echo "$TIMEOUT"
		return
	fi
	for name in "${TESTS[@]}"; do
		sum=$((sum + $(tests_limit "$name") + 10))
	done
	[[ $MODE == tests ]] || sum=1800
	[[ $ICOUNT == no ]] || sum=$((sum * 10))
	# A second of a guest that never rests takes longer.
	[[ $CLOCK != virtual ]] || sum=$((sum * 3))
	echo "$sum"
}
