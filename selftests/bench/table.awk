# SPDX-License-Identifier: GPL-2.0
#
# From the lines of guest.sh to a table and, with -v json=FILE, to
# the members of a JSON array.
#
# What an observer adds is the median, over the rounds, of the difference to the
# same round without one: a round that something else has disturbed, on either
# side, does not count.  The spread is how far the middle half of the rounds
# is apart; where that makes a figure meaningless, the exit status is 1.
#
# "added" is of all operations, with what an observer does beside them, and the
# timer's ticks; "each" of the quarter of them that took least, which is what
# each one pays.  "of ours": what is added, against our "each".

$1 == "result" {
	if (!($2 in known)) { known[$2] = 1; loads[++nr_loads] = $2 }
	if (!($3 in seen)) { seen[$3] = 1; observers[++nr_observers] = $3 }
	mean[$2, $3, $4] = $5
	each[$2, $3, $4] = $6
	if ($4 >= rounds[$2, $3])
		rounds[$2, $3] = $4 + 1
}

# collect(OF, LOAD, OBSERVER, BASE): its rounds in sorted[0..], the least first;
# less BASE of the same round unless that is ""
function collect(of, load, observer, base,    n, r, i, v) {
	n = 0
	for (r = 0; r < rounds[load, observer]; r++) {
		v = of[load, observer, r]
		if (base != "")
			v -= of[load, base, r]
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

function show(load, observer,    base, none, ours, times, n, i, plus, off) {
	none = median(collect(mean, load, "none", ""))
	ours = median(collect(each, load, "tcpstates", "none"))
	base = observer == "none" ? "" : "none"
	n = collect(mean, load, observer, base)
	plus["mean"] = median(n)
	off["mean"] = spread(n)
	n = collect(each, load, observer, base)
	plus["each"] = median(n)
	off["each"] = spread(n)
	times = "-"
	if (base != "" && ours > 50)
		times = sprintf("%.1f", plus["mean"] / ours)
	printf "%-8s %-17s %9d %7d %9d %7d", load, observer, plus["mean"], \
		off["mean"], plus["each"], off["each"]
	if (base != "")
		printf " %6.1f%% %7s", plus["mean"] * 100 / none, times
	print ""
	for (i in off)
		if (base != "" && off[i] > noise[i] && off[i] * 4 > plus[i]) {
			print "bench: " load ", " observer \
				": the spread makes the figure meaningless"
			bad = 1
		}
	lines = lines sep "\n{\"load\":\"" load "\",\"observer\":\"" \
		observer "\",\"instructions\":" \
		(base == "" ? 0 : none) + plus["mean"] \
		",\"added\":" (base == "" ? 0 : plus["mean"]) \
		",\"spread\":" off["mean"] \
		",\"each\":" (base == "" ? 0 : plus["each"]) \
		",\"each_spread\":" off["each"] "}"
	sep = ","
}

END {
	noise["mean"] = 500
	noise["each"] = 200
	printf "%-8s %-17s %9s %7s %9s %7s %7s %7s\n", "load", "observer", \
		"added", "spread", "each", "spread", "", "of ours"
	for (l = 1; l <= nr_loads; l++)
		for (o = 1; o <= nr_observers; o++)
			if ((loads[l], observers[o]) in rounds)
				show(loads[l], observers[o])
	if (json != "")
		print lines > json
	exit bad
}
