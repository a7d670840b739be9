# SPDX-License-Identifier: GPL-2.0
#
# From the lines of guest.sh to a table and, with -v json=FILE, to
# the members of a JSON array.
#
# Of the rounds the least counts: what else the guest does only adds to it.  The
# spread is how far the next one is off; where that makes a figure
# meaningless, the exit status is 1.

$1 == "result" {
	if (!($2 in known)) { known[$2] = 1; loads[++nr_loads] = $2 }
	if (!($3 in seen)) { seen[$3] = 1; observers[++nr_observers] = $3 }
	add($2 " " $3, $5)
}

function add(key, value) {
	if (!(key in least) || value < least[key]) {
		following[key] = least[key]
		least[key] = value
	} else if (following[key] == "" || value < following[key]) {
		following[key] = value
	}
}

function spread(key) {
	return following[key] == "" ? 0 : following[key] - least[key]
}

function max(a, b) {
	return (a > b) ? a : b
}

function show(load, observer,    none, added, off, ours, times) {
	none = load " none"
	added = least[load " " observer] - least[none]
	off = max(spread(none), spread(load " " observer))
	ours = least[load " tcpstates"] - least[none]
	times = "-"
	if (observer != "none" && ours > 50)
		times = sprintf("%.1f", added / ours)
	if (observer == "none")
		printf "%-10s %-18s %9d %7d\n", load, "none", least[none], \
			spread(none)
	else
		printf "%-10s %-18s %9d %7d %6.1f%% %8s\n", load, observer, \
			added, off, added * 100 / least[none], times
	if (off > 150 && off * 5 > added && observer != "none") {
		print "bench: " load ", " observer \
			": the spread makes the figure meaningless"
		bad = 1
	}
	lines = lines sep "\n{\"load\":\"" load "\",\"observer\":\"" \
		observer "\",\"instructions\":" least[load " " observer] \
		",\"added\":" added ",\"spread\":" off "}"
	sep = ","
}

END {
	printf "%-10s %-18s %9s %7s %7s %8s\n", "load", "observer", "added", \
		"spread", "", "of ours"
	for (l = 1; l <= nr_loads; l++)
		for (o = 1; o <= nr_observers; o++)
			if ((loads[l] " " observers[o]) in least)
				show(loads[l], observers[o])
	if (json != "")
		print lines > json
	exit bad
}
