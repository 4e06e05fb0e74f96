/* SPDX-License-Identifier: MIT */
#include "tools/har/har_lint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/har/har_judge.h"
#include "tools/har/har_records.h"
#include "tools/log/log_unpack.h"

/* PATH as a file that can be read from its beginning, decompressed. */
static int open_har(const char *path)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		die("lint: cannot read %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		die("lint: cannot read %s: it is a folder; name the HAR in it", path);
	if (!S_ISREG(st.st_mode) || fd == STDIN_FILENO)
		fd = log_spooled(fd, path, HAR_MAX);
	return log_unpacked(fd, path, HAR_MAX);
}

static void read_har(struct har *h, const char *path)
{
	int fd = open_har(path);
	char piece[1 << 16];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno != EINTR)
			die("lint: cannot read %s: %s", path, strerror(errno));
		if (n > 0 && buf_add(&h->text, piece, (size_t)n) != 0)
			die("lint: %s is longer than %d MiB", path, HAR_MAX >> 20);
	}
	close(fd);
}

static void index_har(struct har *h, const char *path)
{
	struct json_verdict v;
	const char *wrong = har_index(h, &v);

	if (!wrong)
		return;
	if (v.fault == JSON_EMPTY)
		die("lint: %s is empty", path);
	if (v.fault != JSON_FINE && v.fault != JSON_BOM && v.found && v.expected)
		die("lint: %s:%zu:%zu: not JSON: %s; expected %s", path, v.line, v.column, v.found,
		    v.expected);
	die("lint: %s is not a HAR: %s", path, wrong);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* What was in the file: one line. */
static void print_summary(const struct har *h, const struct har_judged *j,
			  const struct playback *r, const char *path)
{
	struct buf out;

	buf_init(&out, LIMIT_BLOCK);
	mask_text(&out, slice_of(path), LIMIT_PATH);
	say(&out, ": %zu request%s", j->requests, plural(j->requests));
	if (h->recorder[0]) {
		say(&out, " recorded by ");
		mask_text(&out, slice_of(h->recorder), HAR_NAME_MAX);
	}
	if (j->calls == 0)
		say(&out, ", none of them to an API; ORSHIM_HOSTS=NAME makes a host one\n");
	else
		say(&out, ", %zu of them to an API%s\n", j->calls,
		    r->text.n || j->record_count ? "" : ", nothing to say");
	print_out(&out);
	buf_release(&out);
}

/* Say what the recording lacks: the rules that need it were not asked. */
static void warn_of_gaps(const struct har *h, const struct har_judged *j, const char *path)
{
	if (j->withheld && h->sanitized)
		warn("%s: Chrome left the credentials out of it, so that they were not judged in %zu "
		     "request%s; in the devtools' settings, under Network, allow to generate HAR "
		     "with sensitive data, then export again with the button's \"with sensitive "
		     "data\"",
		     path, j->withheld, plural(j->withheld));
	else if (j->withheld)
		warn("%s: %zu request%s without all fields that were sent: whether a credential was "
		     "among them was not judged",
		     path, j->withheld, plural(j->withheld));
	if (j->redacted)
		warn("%s: in %zu request%s the credential is not as it was sent (redacted, or not "
		     "text for the recorder), and was not judged; lint the recording as it was made",
		     path, j->redacted, plural(j->redacted));
	if (j->bodiless)
		warn("%s: %zu request%s without the body as it was sent: it was not judged", path,
		     j->bodiless, plural(j->bodiless));
	if (j->unreadable)
		warn("%s: %zu entr%s no request, and not read", path, j->unreadable,
		     j->unreadable == 1 ? "y is" : "ies are");
}

void har_lint(struct verdicts *v, const char *path)
{
	struct playback_options options = v->options;
	struct playback_begun b;
	struct har_judged j;
	struct playback r;
	struct har h;

	har_init(&h);
	read_har(&h, path);
	index_har(&h, path);
	options.recorded = options.lint = true;
	int failed = playback_begin(&b, NULL, &options);
	if (failed || !har_judge(b.observer, &h, &j))
		die("lint: %s: out of memory", path);
	if (playback_end(&b, &r) != 0)
		die("lint: %s: out of memory", path);
	if (!write_all(STDOUT_FILENO, buf_slice(v->json ? &r.records : &r.text)))
		die("cannot write to stdout");
	v->errors += r.findings[SEVERITY_ERROR];
	if (j.record_count)
		v->errors += har_print_records(buf_slice(&j.records), path, v->json, &v->options.style);
	if (!v->json)
		print_summary(&h, &j, &r, path);
	warn_of_gaps(&h, &j, path);
	har_judged_release(&j);
	playback_release(&r);
	har_release(&h);
}
