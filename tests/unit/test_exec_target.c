/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/tap/preload_env/exec_target.c"

static char folder[] = "/tmp/orshim-target-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const void *bytes, size_t n)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
	chmod(path, 0755);
	return path;
}

/* An executable for MACHINE that asks for LOADER; NULL: it is static. */
static const char *write_elf(const char *name, unsigned machine, const char *loader)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr segments[2];
		char loader[64];
	} file = { 0 };

	memcpy(file.head.e_ident, ELFMAG, SELFMAG);
	file.head.e_ident[EI_CLASS] = ELFCLASS64;
	file.head.e_machine = (Elf64_Half)machine;
	file.head.e_phoff = offsetof(__typeof__(file), segments);
	file.head.e_phentsize = sizeof(Elf64_Phdr);
	file.head.e_phnum = loader ? 2 : 1;
	file.segments[0].p_type = PT_LOAD;
	if (loader) {
		file.segments[1].p_type = PT_INTERP;
		file.segments[1].p_offset = offsetof(__typeof__(file), loader);
		file.segments[1].p_filesz = strlen(loader) + 1;
		snprintf(file.loader, sizeof(file.loader), "%s", loader);
	}
	return write_file(name, &file, sizeof(file));
}

/* PROGRAM is the file in the folder that was judged; NULL: not asked. */
static void expect(const char *path, enum exec_target_kind kind, const char *program)
{
	struct exec_target t;

	exec_target_of(&t, path);
	assert_int_equal(t.kind, kind);
	if (program)
		assert_string_equal(t.path, path_of(program));
}

static const char *const glibc = "/lib64/ld-linux-x86-64.so.2";

static void programs_are_told_apart(void **state)
{
	(void)state;
	expect("/bin/sh", EXEC_LOADS, NULL);
	expect(write_elf("ours", OWN_MACHINE, glibc), EXEC_LOADS, NULL);
	expect(write_elf("static", OWN_MACHINE, NULL), EXEC_STATIC, "static");
	expect(write_elf("foreign", EM_RISCV, glibc), EXEC_FOREIGN, "foreign");
	expect(write_elf("musl", OWN_MACHINE, "/lib/ld-musl-x86_64.so.1"), EXEC_LOADS, NULL);
	expect(write_elf("bionic", OWN_MACHINE, "/system/bin/linker64"), EXEC_OTHER_LIBC, "bionic");
	expect(write_elf("ld-musl-x86_64.so.1", OWN_MACHINE, NULL), EXEC_LOADS, NULL);
	expect(write_elf("ld-linux-x86-64.so.2", OWN_MACHINE, NULL), EXEC_LOADS, NULL);
	const char *path = write_elf("setuid", OWN_MACHINE, glibc);
	chmod(path, 04755);
	expect(path, EXEC_PRIVILEGED, "setuid");
}

static void a_script_is_its_interpreter(void **state)
{
	char line[256];
	int n;

	(void)state;
	write_elf("static", OWN_MACHINE, NULL);
	n = snprintf(line, sizeof(line), "#! %s -x\necho\n", path_of("static"));
	expect(write_file("script", line, (size_t)n), EXEC_STATIC, "static");
	n = snprintf(line, sizeof(line), "#!%s\n", path_of("script"));
	expect(write_file("script of a script", line, (size_t)n), EXEC_LOADS, NULL);
	expect(write_file("no program", "#!\n", 3), EXEC_LOADS, NULL);
	expect(write_file("gone", "#!/no/such/file\n", 16), EXEC_LOADS, NULL);
}

static void what_cannot_be_read_is_left_to_the_exec(void **state)
{
	(void)state;
	expect(NULL, EXEC_LOADS, NULL);
	expect("", EXEC_LOADS, NULL);
	expect("/no/such/file", EXEC_LOADS, NULL);
	expect(folder, EXEC_LOADS, NULL);
	expect(write_file("short", ELFMAG, SELFMAG), EXEC_LOADS, NULL);
	expect(write_file("empty", "", 0), EXEC_LOADS, NULL);
}

static void names_are_searched_like_execvp_does(void **state)
{
	char *before = getenv("PATH");
	struct exec_target t;
	char path[128];

	(void)state;
	write_elf("static", OWN_MACHINE, NULL);
	before = before ? strdup(before) : NULL;
	snprintf(path, sizeof(path), "/no/such/folder:%s", folder);
	setenv("PATH", path, 1);
	exec_target_in_path(&t, "static");
	assert_int_equal(t.kind, EXEC_STATIC);
	exec_target_in_path(&t, "no such program");
	assert_int_equal(t.kind, EXEC_LOADS);
	exec_target_in_path(&t, NULL);
	assert_int_equal(t.kind, EXEC_LOADS);
	if (before)
		setenv("PATH", before, 1);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_told_apart),
		cmocka_unit_test(a_script_is_its_interpreter),
		cmocka_unit_test(what_cannot_be_read_is_left_to_the_exec),
		cmocka_unit_test(names_are_searched_like_execvp_does),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
