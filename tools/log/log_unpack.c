/* SPDX-License-Identifier: MIT */
#include "tools/log/log_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>

#include "tools/command.h"

enum {
	PIECE = 1 << 17,
	GZIP_WINDOW = 15 + 16,    /* inflateInit2(): the largest window, with gzip's head */
	ZSTD_WINDOW_LOG_MAX = 27, /* 128 MiB of memory at most */
};

struct copy {
	const char *path;
	int from, to;
	int64_t left; /* bytes that may still be written */
	unsigned char in[PIECE], out[PIECE];
};

static struct copy *copy_begin(int from, const char *path, int64_t most)
{
	const char *folder = getenv("TMPDIR");
	struct copy *c = malloc(sizeof(*c));

	if (!c)
		die("out of memory");
	c->path = path;
	c->from = from;
	c->left = most;
	c->to = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (c->to < 0)
		c->to = memfd_create("orshim-log", MFD_CLOEXEC);
	if (c->to < 0)
		die("cannot keep %s: %s", path, strerror(errno));
	return c;
}

static int copy_end(struct copy *c)
{
	int to = c->to;

	if (c->from != STDIN_FILENO)
		close(c->from);
	free(c);
	if (lseek(to, 0, SEEK_SET) != 0)
		die("cannot read a copy: %s", strerror(errno));
	return to;
}

static size_t copy_read(struct copy *c)
{
	ssize_t n;

	do
		n = read(c->from, c->in, sizeof(c->in));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die("cannot read %s: %s", c->path, strerror(errno));
	return (size_t)n;
}

static void copy_write(struct copy *c, const void *bytes, size_t n)
{
	c->left -= (int64_t)n;
	if (c->left < 0)
		die("%s is longer than is read of one file", c->path);
	if (!write_all(c->to, (struct slice){ bytes, n }))
		die("cannot keep what is in %s: %s; set TMPDIR", c->path, strerror(errno));
}

int log_spooled(int fd, const char *path, int64_t most)
{
	struct copy *c = copy_begin(fd, path, most);
	size_t n;

	while ((n = copy_read(c)))
		copy_write(c, c->in, n);
	return copy_end(c);
}

/* A truncated or damaged file is decompressed as far as possible. */
static void complain(const struct copy *c, const char *what)
{
	warn("%s: the %s data is damaged or cut off; what came before is read", c->path, what);
}

static void unpack_gzip(struct copy *c)
{
	z_stream z = { .avail_out = 1 };
	int result = Z_OK;

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		die("out of memory");
	while (result == Z_OK || result == Z_STREAM_END) {
		if (z.avail_in == 0 && z.avail_out) { /* all output of this input was written */
			z.next_in = c->in;
			z.avail_in = (uInt)copy_read(c);
			if (z.avail_in == 0)
				break;
		}
		if (result == Z_STREAM_END) /* another member */
			inflateReset(&z);
		z.next_out = c->out;
		z.avail_out = sizeof(c->out);
		result = inflate(&z, Z_NO_FLUSH);
		copy_write(c, c->out, sizeof(c->out) - z.avail_out);
		if (result == Z_BUF_ERROR)
			result = Z_OK;
	}
	if (result != Z_STREAM_END)
		complain(c, "gzip");
	inflateEnd(&z);
}

static void unpack_zstd(struct copy *c)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();
	size_t left = 0, n;

	if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
		die("out of memory");
	while (!ZSTD_isError(left) && (n = copy_read(c))) {
		ZSTD_inBuffer in = { c->in, n, 0 };
		ZSTD_outBuffer out;
		do {
			out = (ZSTD_outBuffer){ c->out, sizeof(c->out), 0 };
			left = ZSTD_decompressStream(z, &out, &in);
			copy_write(c, c->out, out.pos);
		} while (!ZSTD_isError(left) && (in.pos < in.size || out.pos == out.size));
	}
	if (left != 0)
		complain(c, "Zstandard");
	ZSTD_freeDCtx(z);
}

int log_unpacked(int fd, const char *path, int64_t most)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	unsigned char begin[4] = { 0 };
	struct copy *c;

	if (pread(fd, begin, sizeof(begin), 0) < (ssize_t)sizeof(gzip))
		return fd;
	bool is_gzip = memcmp(begin, gzip, sizeof(gzip)) == 0;
	if (!is_gzip && memcmp(begin, zstd, sizeof(zstd)) != 0)
		return fd;
	c = copy_begin(fd, path, most);
	if (is_gzip)
		unpack_gzip(c);
	else
		unpack_zstd(c);
	return copy_end(c);
}
