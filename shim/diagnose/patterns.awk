# SPDX-License-Identifier: MIT
# The words of meaning.def as meaning.c looks for them: each pattern a row, in the order of their
# first bytes, and where the patterns of each byte begin. LC_ALL=C: a character is a byte.
BEGIN {
	FS = "\""
	for (i = 1; i < 256; i++)
		code[sprintf("%c", i)] = i
}
/^CONCEPT\(/ {
	name = $1
	gsub(/^CONCEPT\(|,.*/, "", name)
	words = ""
}
name {
	for (i = 2; i < NF; i += 2)
		words = words $i
}
name && /"\)$/ {
	count = split(words, list, "|")
	for (i = 1; i <= count; i++) {
		byte = code[substr(list[i], 1, 1)]
		rows[byte] = rows[byte] "PATTERN(" name ", \"" list[i] "\")\n"
		of_byte[byte]++
	}
	name = ""
}
END {
	print "#ifdef PATTERN"
	for (i = 1; i < 256; i++)
		printf "%s", rows[i]
	print "#endif\n#ifdef FIRST_BYTE"
	for (i = 1; i < 256; i++)
		if (of_byte[i]) {
			print "FIRST_BYTE(" i ", " from + 0 ", " of_byte[i] ")"
			from += of_byte[i]
		}
	print "#endif"
}
