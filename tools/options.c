/* SPDX-License-Identifier: MIT */
#include "tools/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/command.h"

/* "--html" of "--html=FILE". */
static size_t name_length(const char *word)
{
	return strcspn(word, "=");
}

static const struct command_option *find(const struct command *c, const char *word)
{
	size_t n = name_length(word);

	for (const struct command_option *o = c->options; o->name; o++)
		if (strncmp(o->name, word, n) == 0 && !o->name[n])
			return o;
	return NULL;
}

static const char *bare_name(const void *options, size_t i)
{
	return ((const struct command_option *)options)[i].name + strlen("--");
}

__attribute__((noreturn)) static void die_of_option(const struct command *c, const char *word)
{
	size_t count = 0, dashes = strspn(word, "-");
	int n = (int)name_length(word);
	char name[64];

	while (c->options[count].name)
		count++;
	if (strlen(word) < sizeof(name) && (size_t)n > dashes) {
		memcpy(name, word + dashes, (size_t)n - dashes);
		name[(size_t)n - dashes] = '\0';
		const char *near = nearest_name(name, bare_name, c->options, count);
		if (near)
			die("%s: unknown option '%.*s'; did you mean --%s?", c->name, n, word,
			    near);
	}
	die("%s: unknown option '%.*s'; see `orshim %s --help`", c->name, n, word, c->name);
}

/* "error or warning", "auto, off or all". */
static void choices_of(const char *value, char *words, size_t size)
{
	size_t n = 0;

	for (const char *p = value; *p && n + 8 < size;) {
		size_t k = strcspn(p, "|");
		bool last = !p[k], first = p == value;
		const char *between = first ? "" : last ? " or " : ", ";
		n += (size_t)snprintf(words + n, size - n, "%s%.*s", between, (int)k, p);
		p += k + !last;
	}
}

/* Which of the words in ONE_OF VALUE is, from 1; 0: none. */
static unsigned choice_of(const char *one_of, const char *value)
{
	size_t n = strlen(value);
	unsigned which = 1;

	for (const char *p = one_of; *p; which++) {
		size_t k = strcspn(p, "|");
		if (k == n && memcmp(p, value, n) == 0)
			return which;
		p += k + (p[k] == '|');
	}
	return 0;
}

static unsigned number_of(const struct command *c, const struct command_option *o, const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (text[strspn(text, "0123456789")] || *end || number > o->most)
		die("%s: %s takes a number from 0 to %u, not '%s'", c->name, o->name, o->most,
		    text);
	return (unsigned)number;
}

static void add_to_list(const struct command *c, const struct command_option *o,
			struct option_list *list, const char *value)
{
	if (list->count == OPTION_LIST_MAX)
		die("%s: %s can be given %d times", c->name, o->name, OPTION_LIST_MAX);
	list->items[list->count++] = value;
}

static void set(const struct command *c, const struct command_option *o, void *options,
		const char *value)
{
	void *at = (char *)options + o->at;
	char words[128];

	switch (o->type) {
	case OPTION_FLAG:
		*(bool *)at = true;
		break;
	case OPTION_STDOUT:
		*(const char **)at = "-";
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		*(const char **)at = value;
		break;
	case OPTION_LIST:
		add_to_list(c, o, at, value);
		break;
	case OPTION_NUMBER:
		*(unsigned *)at = number_of(c, o, value);
		break;
	case OPTION_CHOICE:
		choices_of(o->value, words, sizeof(words));
		*(unsigned *)at = choice_of(o->value, value);
		if (!*(unsigned *)at)
			die("%s: %s takes %s, not '%s'", c->name, o->name, words, value);
		break;
	}
}

/* The value of option O at ARGV[*AT], which moves past it; NULL: it takes none. */
static const char *value_of(const struct command *c, const struct command_option *o, int argc,
			    char **argv, int *at)
{
	const char *word = argv[*at], *value = NULL;
	size_t n = name_length(word);
	char words[128];

	if (!o->value && word[n])
		die("%s: %s takes no value", c->name, o->name);
	if (!o->value)
		return NULL;
	if (word[n])
		value = word + n + 1;
	else if (*at + 1 < argc && !find(c, argv[*at + 1]))
		value = argv[++*at];
	if (value && *value)
		return value;
	choices_of(o->value, words, sizeof(words));
	die("%s: %s needs a value: %s", c->name, o->name, words);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

void options_read(struct arguments *a, const struct command *c, void *options, int argc,
		  char **argv)
{
	bool takes_line = c->completes && strcmp(c->completes, "LINE") == 0;
	bool words_only = false;

	*a = (struct arguments){ .command = c, .options = options, .words = argv };
	for (int i = 1; i < argc; i++) {
		if (!*argv[i] && !takes_line)
			die("%s: argument %d is empty; is the shell variable in it not set?",
			    c->name, i);
		if (words_only || !is_option(argv[i])) {
			words_only |= takes_line;
			argv[a->count++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			words_only = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			a->help = true;
		} else {
			const struct command_option *o = find(c, argv[i]);
			if (!o)
				die_of_option(c, argv[i]);
			set(c, o, options, value_of(c, o, argc, argv, &i));
		}
	}
	argv[a->count] = NULL;
	if (!a->help && c->most_words != WORDS_ANY && (unsigned)a->count > c->most_words)
		die("%s: unknown argument '%s'; see `orshim %s --help`", c->name,
		    argv[c->most_words], c->name);
}
