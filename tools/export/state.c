/* SPDX-License-Identifier: MIT */
#include "tools/export/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>
#include <openssl/sha.h>

#include "report/json_out.h"
#include "tools/command.h"
#include "tools/log/log_row.h"

enum { STATE_MAX = 1 << 20, PARTS_MAX = 4096 };

bool state_head(int fd, int64_t offset, char out[STATE_HASH])
{
	unsigned char bytes[STATE_HEAD], hash[SHA256_DIGEST_LENGTH];
	size_t n = offset < STATE_HEAD ? (size_t)offset : STATE_HEAD;

	if (pread(fd, bytes, n, 0) != (ssize_t)n)
		return false;
	SHA256(bytes, n, hash);
	for (int i = 0; i < STATE_HASH / 2; i++)
		snprintf(out + i * 2, 3, "%02x", hash[i]);
	return true;
}

static void add_part(struct state *s, const cJSON *one, const char *path)
{
	const char *name = log_text(one, "path");
	const char *inode = log_text(one, "inode");
	const char *head = log_text(one, "head");
	const cJSON *offset = log_member(one, "offset");

	if (!name || !inode || !head || strlen(head) >= STATE_HASH || !cJSON_IsNumber(offset) ||
	    offset->valuedouble < 0 || offset->valuedouble > 9e15 || s->count == PARTS_MAX)
		die("export: %s is not a state file of orshim export; remove it to begin "
		    "anew", path);
	struct state_part *part = &s->parts[s->count++];
	*part = (struct state_part){ .path = strdup(name),
				     .inode = strtoull(inode, NULL, 10),
				     .offset = (int64_t)offset->valuedouble };
	strcpy(part->head, head);
	if (!part->path)
		die("out of memory");
}

void state_read(struct state *s, const char *path)
{
	struct buf text;
	const cJSON *one;

	*s = (struct state){ 0 };
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return;
	buf_init(&text, STATE_MAX);
	read_file(path, &text);
	cJSON *state = cJSON_ParseWithLength(text.n ? text.p : "", text.n);
	const cJSON *parts = log_member(state, "parts");
	if (log_number(state, "v", 0) != 1 || !cJSON_IsArray(parts))
		die("export: %s is not a state file of orshim export; remove it to begin "
		    "anew", path);
	s->parts = calloc(PARTS_MAX, sizeof(*s->parts));
	if (!s->parts)
		die("out of memory");
	cJSON_ArrayForEach(one, parts) add_part(s, one, path);
	cJSON_Delete(state);
	buf_release(&text);
}

void state_release(struct state *s)
{
	for (size_t i = 0; i < s->count; i++)
		free((char *)s->parts[i].path);
	free(s->parts);
	*s = (struct state){ 0 };
}

static void put_state(const struct state *s, struct buf *out)
{
	char inode[24];
	struct json_out j;

	json_out_init(&j, out);
	json_object(&j, NULL);
	json_number(&j, "v", 1);
	json_array(&j, "parts");
	for (size_t i = 0; i < s->count; i++) {
		json_object(&j, NULL);
		json_text(&j, "path", s->parts[i].path);
		snprintf(inode, sizeof(inode), "%llu", (unsigned long long)s->parts[i].inode);
		json_text(&j, "inode", inode); /* may be more than 2^53 */
		json_number(&j, "offset", s->parts[i].offset);
		json_text(&j, "head", s->parts[i].head);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	if (!json_out_ok(&j))
		die("out of memory");
	say(out, "\n");
}

void state_write(const struct state *s, const char *path)
{
	struct buf out;
	char *fresh;

	buf_init(&out, STATE_MAX);
	put_state(s, &out);
	if (asprintf(&fresh, "%s.new", path) < 0)
		die("out of memory");
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, buf_slice(&out)) || close(fd) != 0 || rename(fresh, path) != 0)
		die("export: cannot write the state to %s: %s", path, strerror(errno));
	free(fresh);
	buf_release(&out);
}
