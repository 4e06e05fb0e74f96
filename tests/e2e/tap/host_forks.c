/* SPDX-License-Identifier: MIT */
/*
 * forks PORT LIBSSL SECOND HIDDEN: two threads fork and exec at once after a
 * TLS library was used; two more TLS libraries are loaded afterwards, of which
 * HIDDEN exports nothing. Each makes one connection, and one request on it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "host.h"

enum { FORKS = 100 };

static atomic_int holding, second_forks; /* the second thread's id, 0 again when it has forked */

/* Has the second thread forked, or is it waiting for something the first one has? */
static int is_stuck_or_done(void)
{
	char name[64], text[256] = "", *state;
	FILE *file;
	int id = atomic_load(&second_forks);

	if (id <= 0)
		return id < 0;
	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", id);
	file = fopen(name, "r");
	if (file && !fgets(text, sizeof(text), file))
		text[0] = '\0';
	if (file)
		fclose(file);
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

/* Registered before anything else: runs after every other handler, whose locks it then has. */
static void hold_the_first(void)
{
	int first = 1;

	if (!atomic_compare_exchange_strong(&holding, &first, 2))
		return;
	while (!is_stuck_or_done())
		sched_yield();
}

static void start(void)
{
	pthread_atfork(hold_the_first, NULL, NULL);
}

__attribute__((section(".preinit_array"), used)) static void (*before_all)(void) = start;

static void fork_and_exec(void)
{
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		fail("fork");
}

static void *first(void *arg)
{
	atomic_store(&holding, 1);
	fork_and_exec();
	for (int i = 0; i < FORKS; i++)
		fork_and_exec();
	return arg;
}

static void *second(void *arg)
{
	while (atomic_load(&holding) != 2)
		sched_yield();
	atomic_store(&second_forks, (int)syscall(SYS_gettid));
	fork_and_exec();
	atomic_store(&second_forks, -1);
	for (int i = 0; i < FORKS; i++)
		fork_and_exec();
	return arg;
}

static void ask_once(const char *port, const char *library)
{
	struct tls t = tls_open(library, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	SSL *ssl = handshake(&t, t.context(t.client_method()), tcp_connect(port));

	ask(&t, ssl, "once");
	t.free(ssl);
}

int main(int argc, char **argv)
{
	pthread_t threads[2];

	ask_once(argv[1], argv[2]);
	pthread_create(&threads[0], NULL, first, NULL);
	pthread_create(&threads[1], NULL, second, NULL);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	ask_once(argv[1], argv[3]);
	void *library = dlopen(argv[4], RTLD_NOW | RTLD_LOCAL);
	void (*ask_hidden)(const char *) =
	    library ? (void (*)(const char *))dlsym(library, "ask_hidden") : NULL;
	if (argc < 5 || !ask_hidden)
		fail("the hidden library");
	ask_hidden(argv[1]);
	return 0;
}
