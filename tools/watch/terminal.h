/* SPDX-License-Identifier: MIT */
#ifndef ORSHIM_TERMINAL_H
#define ORSHIM_TERMINAL_H

/*
 * The terminal while it shows a full screen: its size, its keys, and its state,
 * which is given back however the program ends, but for SIGKILL.
 *
 * It is driven by the ECMA-48 sequences that all terminals in use share. A
 * terminal library would bring a database of descriptions, which the root of a
 * container lacks, and needs a locale's files to print UTF-8.
 */
#include <stdbool.h>

enum {
	/* Keys that are no byte; bytes are themselves. */
	KEY_NONE = 0x100, /* nothing was typed in time, or a signal came */
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_ESCAPE,
	KEY_GONE, /* there is no terminal any more */
};

struct terminal {
	int rows, columns;
	bool utf8;   /* the locale's variables say so */
	bool colour; /* NO_COLOR is not set */
};

/*
 * Are stdin and stdout a terminal of a kind that is known to take the sequences (by TERM), and is
 * this process in its foreground?
 */
bool terminal_is_known(void);

/*
 * Begin and end to show a full screen. After terminal_leave(), which may be
 * called at any time, the terminal is as before.
 */
void terminal_enter(struct terminal *t);
void terminal_leave(void);

/*
 * The next key, after at most WAIT_MS milliseconds. Stops the process where the
 * user asked for that (Ctrl-Z), and goes on when it is continued.
 */
int terminal_key(struct terminal *t, int wait_ms);

/* Must everything be drawn again: another size, or the process was stopped? Asked once. */
bool terminal_is_stale(struct terminal *t);

#endif
