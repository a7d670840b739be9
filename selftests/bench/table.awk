# SPDX-License-Identifier: GPL-2.0
#
# From the lines of guest.sh to a table and, with -v json=FILE, to
# the members of a JSON array.
#
# What an observer adds is the median, over the rounds, of the difference to the
# same round without one: a round that something else has disturbed, on either
# side, does not count.  The spread is how far the middle half of the rounds
# is apart; where that makes a figure meaningless, the exit status is 1.

$1 == "result" {
	if (!($2 in known)) { known[$2] = 1; loads[++nr_loads] = $2 }
	if (!($3 in seen)) { seen[$3] = 1; observers[++nr_observers] = $3 }
	value[$2, $3, $4] = $5
	if ($4 >= rounds[$2, $3])
		rounds[$2, $3] = $4 + 1
}

# collect(LOAD, OBSERVER, BASE): its rounds in sorted[0..], the least first; less
# BASE of the same round unless that is ""
function collect(load, observer, base,    n, r, i, v) {
	n = 0
	for (r = 0; r < rounds[load, observer]; r++) {
		v = value[load, observer, r]
		if (base != "")
			v -= value[load, base, r]
		for (i = n++; i > 0 && sorted[i - 1] > v; i--)
			sorted[i] = sorted[i - 1]
		sorted[i] = v
	}
	return n
}

function median(n) {
	return int((sorted[int((n - 1) / 2)] + sorted[int(n / 2)]) / 2)
}

function spread(n,    cut) {
	cut = int(n / 4)
	return sorted[n - 1 - cut] - sorted[cut]
}

function added(load, observer) {
	return median(collect(load, observer, "none"))
}

function show(load, observer,    none, plus, off, ours, times, n) {
	n = collect(load, "none", "")
	none = median(n)
	off = spread(n)
	ours = added(load, "tcpstates")
	n = collect(load, observer, observer == "none" ? "" : "none")
	plus = observer == "none" ? 0 : median(n)
	if (observer != "none")
		off = spread(n)
	times = "-"
	if (observer != "none" && ours > 50)
		times = sprintf("%.1f", plus / ours)
	if (observer == "none")
		printf "%-10s %-18s %9d %7d\n", load, "none", none, off
	else
		printf "%-10s %-18s %9d %7d %6.1f%% %8s\n", load, observer, \
			plus, off, plus * 100 / none, times
	if (off > 200 && off * 4 > plus && observer != "none") {
		print "bench: " load ", " observer \
			": the spread makes the figure meaningless"
		bad = 1
	}
	lines = lines sep "\n{\"load\":\"" load "\",\"observer\":\"" \
		observer "\",\"instructions\":" none + plus \
		",\"added\":" plus ",\"spread\":" off "}"
	sep = ","
}

END {
	printf "%-10s %-18s %9s %7s %7s %8s\n", "load", "observer", "added", \
		"spread", "", "of ours"
	for (l = 1; l <= nr_loads; l++)
		for (o = 1; o <= nr_observers; o++)
			if ((loads[l], observers[o]) in rounds)
				show(loads[l], observers[o])
	if (json != "")
		print lines > json
	exit bad
}
