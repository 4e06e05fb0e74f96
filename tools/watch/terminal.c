/* SPDX-License-Identifier: MIT */
#include "tools/watch/terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/slice.h"
#include "tools/command.h"
#include "tools/watch/follow.h"

enum { ESCAPE_WAIT_MS = 50, SEQUENCE_MAX = 16, SIZE_LEAST = 2, SIZE_MOST = 1000 };

/*
 * DEC private modes: 1049 another screen, 25 the cursor, 7 wrapping at the
 * margin (xterm's ctlseqs). Where there is no other screen, the last line is
 * left empty for what comes next.
 */
static const char enter_sequence[] = "\033[?1049h\033[?25l\033[?7l\033[2J";
static const char leave_sequence[] = "\033[0m\033[999;1H\033[K\033[?7h\033[?25h\033[?1049l";

static struct termios before;
static volatile sig_atomic_t entered, resized, suspended, continued;
static unsigned char typed[SEQUENCE_MAX]; /* read and not yet taken */
static size_t typed_count;

static const char *const known[] = {
	"xterm",       "screen",  "tmux",    "linux", "rxvt",      "vt100", "vt102",
	"vt220",       "vt320",   "vt420",   "vt510", "alacritty", "foot",  "kitty",
	"wezterm",     "konsole", "gnome",   "vte",   "st",        "putty", "mintty",
	"cygwin",      "contour", "ghostty", "iterm", "iTerm",     "Eterm", "mlterm",
	"ms-terminal", "nsterm",  "hterm",   "dvtm",  "zellij",
};

bool terminal_is_known(void)
{
	const char *term = getenv("TERM");

	if (!term || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	if (tcgetpgrp(STDIN_FILENO) != getpgrp())
		return false; /* in the background: the kernel would stop us */
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i]);
		if (strncmp(term, known[i], n) == 0 && strchr("-+.", term[n]))
			return true; /* strchr() finds the terminating NUL, too */
	}
	return false;
}

/* As setlocale(3) chooses the variable; its own tables need files. */
static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static void put(const char *sequence)
{
	ssize_t n = write(STDOUT_FILENO, sequence, strlen(sequence));

	(void)n; /* a terminal that is gone needs nothing */
}

/* Async-signal-safe. */
void terminal_leave(void)
{
	if (!entered)
		return;
	entered = 0;
	put(leave_sequence);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

static void on_crash(int signal_number)
{
	terminal_leave();
	raise(signal_number); /* by now with its default action */
}

static void note_signal(int signal_number)
{
	if (signal_number == SIGWINCH)
		resized = 1;
	else if (signal_number == SIGTSTP)
		suspended = 1;
	else
		continued = 1;
}

static void take_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };
	static const int notes[] = { SIGWINCH, SIGTSTP, SIGCONT };
	struct sigaction action = { .sa_handler = follow_stop };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &action, NULL);
	action.sa_handler = note_signal;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		sigaction(notes[i], &action, NULL);
	action.sa_handler = on_crash;
	action.sa_flags = (int)(SA_RESETHAND | SA_NODEFER);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &action, NULL);
}

static void measure(struct terminal *t)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	t->rows = size.ws_row >= SIZE_LEAST ? size.ws_row : 24;
	t->columns = size.ws_col >= SIZE_LEAST ? size.ws_col : 80;
	t->rows = t->rows < SIZE_MOST ? t->rows : SIZE_MOST;
	t->columns = t->columns < SIZE_MOST ? t->columns : SIZE_MOST;
}

static void begin(struct terminal *t)
{
	struct termios now;

	tcgetattr(STDIN_FILENO, &before);
	entered = 1;
	now = before;
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* Ctrl-C and Ctrl-Z stay signals */
	now.c_iflag &= ~(tcflag_t)IXON;
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
	put(enter_sequence);
	measure(t);
}

void terminal_enter(struct terminal *t)
{
	const char *no_colour = getenv("NO_COLOR");

	*t = (struct terminal){ .utf8 = is_utf8(), .colour = !(no_colour && *no_colour) };
	atexit(terminal_leave);
	leave_before_dying(terminal_leave);
	take_signals();
	begin(t);
	resized = 1;
}

/* Ctrl-Z: the shell gets its terminal back before the process stops. */
static void stop_here(struct terminal *t)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	suspended = 0;
	terminal_leave();
	sigaction(SIGTSTP, &action, NULL);
	raise(SIGTSTP);
	action.sa_handler = note_signal;
	sigaction(SIGTSTP, &action, NULL);
	begin(t);
	continued = 0;
	resized = 1;
}

/* Stopped and continued from outside: the shell may have changed the terminal. */
static void go_on(struct terminal *t)
{
	continued = 0;
	if (entered) {
		struct termios shells = before;
		begin(t);
		before = shells;
	}
	resized = 1;
}

bool terminal_is_stale(struct terminal *t)
{
	if (!resized)
		return false;
	resized = 0;
	measure(t);
	return true;
}

/* Read what was typed into TYPED; 0: nothing in time, -1: the terminal is gone. */
static int read_some(int wait_ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	if (poll(&input, 1, wait_ms) <= 0)
		return 0;
	if (typed_count == sizeof(typed))
		return 1;
	ssize_t n = read(STDIN_FILENO, typed + typed_count, sizeof(typed) - typed_count);
	if (n <= 0)
		return (input.revents & (POLLHUP | POLLERR)) || n == 0 ? -1 : 0;
	typed_count += (size_t)n;
	return 1;
}

static int take(size_t n, int key)
{
	typed_count -= n;
	memmove(typed, typed + n, typed_count);
	return key;
}

/* The number in "CSI number ~", or the letter in "CSI letter" and "SS3 letter". */
static int key_of(const char *parameters, char final)
{
	static const struct {
		char final;
		int number, key;
	} keys[] = {
		{ 'A', 0, KEY_UP },   { 'B', 0, KEY_DOWN },    { 'C', 0, KEY_RIGHT },
		{ 'D', 0, KEY_LEFT }, { 'H', 0, KEY_HOME },    { 'F', 0, KEY_END },
		{ '~', 1, KEY_HOME }, { '~', 7, KEY_HOME },    { '~', 4, KEY_END },
		{ '~', 8, KEY_END },  { '~', 5, KEY_PAGE_UP }, { '~', 6, KEY_PAGE_DOWN },
	};
	int number = final == '~' ? atoi(parameters) : 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].final == final && keys[i].number == number)
			return keys[i].key;
	return KEY_NONE;
}

/* A sequence that is not whole yet is waited for, a moment: else it is the Escape key. */
static int take_sequence(void)
{
	char parameters[SEQUENCE_MAX];
	size_t i = 2, n = 0;

	while (typed_count < 2)
		if (read_some(ESCAPE_WAIT_MS) <= 0)
			return take(1, KEY_ESCAPE);
	if (typed[1] != '[' && typed[1] != 'O')
		return take(1, KEY_ESCAPE);
	for (;; i++) {
		while (typed_count <= i)
			if (typed_count == sizeof(typed) || read_some(ESCAPE_WAIT_MS) <= 0)
				return take(typed_count, KEY_NONE);
		if (typed[i] >= 0x40 && typed[i] <= 0x7e)
			break;
		parameters[n++] = (char)typed[i];
	}
	parameters[n] = '\0';
	return take(i + 1, key_of(parameters, (char)typed[i]));
}

int terminal_key(struct terminal *t, int wait_ms)
{
	if (suspended)
		stop_here(t);
	if (continued)
		go_on(t);
	int got = typed_count ? 1 : read_some(wait_ms);
	if (got < 0)
		return KEY_GONE;
	if (got == 0)
		return KEY_NONE;
	return typed[0] == '\033' ? take_sequence() : take(1, typed[0]);
}
