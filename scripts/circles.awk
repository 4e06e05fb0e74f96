# SPDX-License-Identifier: MIT
# Reads "A B" lines, A needs B, and prints each circle as one line of its members.
$1 != $2 && !(($1, $2) in edge) {
	edge[$1, $2] = 1
	out[$1] = out[$1] " " $2
	nodes[$1] = nodes[$2] = 1
}

# What FROM leads to, as the keys of SEEN.
function reach(from, seen, todo, n, next_ones, count, i) {
	todo[n = 1] = from
	while (n) {
		count = split(out[todo[n--]], next_ones, " ")
		for (i = 1; i <= count; i++)
			if (!(next_ones[i] in seen)) {
				seen[next_ones[i]] = 1
				todo[++n] = next_ones[i]
			}
	}
}

END {
	for (node in nodes) {
		delete seen
		reach(node, seen)
		for (other in seen)
			leads[node, other] = 1
	}
	for (node in nodes) {
		if (!((node, node) in leads) || node in told)
			continue
		line = ""
		for (other in nodes)
			if ((node, other) in leads && (other, node) in leads) {
				told[other] = 1
				line = line " " other
			}
		print substr(line, 2)
	}
}
