/* SPDX-License-Identifier: MIT */
/*
 * storm: threads that do nothing but allocate, and threads that do nothing but
 * load and unload a library; who is borrowed in one of their locks hangs. On
 * SIGTERM it says as JSON how often, and ends. A dead stop shows as no
 * progress within a second.
 */
#include <dlfcn.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ALLOCATORS = 4, LOADERS = 2, KEPT = 64 };

static atomic_ulong allocations, loads, errors;
static atomic_bool over;

static void *allocate(void *arg)
{
	unsigned char *kept[KEPT] = { NULL };
	size_t sizes[KEPT] = { 0 };
	unsigned seed = (unsigned)(size_t)arg;

	while (!atomic_load(&over)) {
		unsigned i = (unsigned)rand_r(&seed) % KEPT;
		size_t n = 1 + (size_t)rand_r(&seed) % (rand_r(&seed) % 16 ? 512 : 300000);

		for (size_t k = 0; k < sizes[i]; k += 997)
			if (kept[i][k] != (unsigned char)i)
				atomic_fetch_add(&errors, 1);
		free(kept[i]);
		kept[i] = malloc(n);
		sizes[i] = kept[i] ? n : 0;
		if (kept[i])
			memset(kept[i], (int)i, n);
		atomic_fetch_add(&allocations, 1);
	}
	for (unsigned i = 0; i < KEPT; i++)
		free(kept[i]);
	return NULL;
}

static void *load(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		void *library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);

		if (!library || !dlsym(library, "deflate"))
			atomic_fetch_add(&errors, 1);
		if (library)
			dlclose(library);
		atomic_fetch_add(&loads, 1);
	}
	return NULL;
}

static void *report(void *arg)
{
	sigset_t *signals = arg;
	int got;

	sigwait(signals, &got);
	unsigned long before = atomic_load(&allocations), loads_before = atomic_load(&loads);
	sleep(1);
	bool goes_on = atomic_load(&allocations) > before && atomic_load(&loads) > loads_before;
	printf("{\"answers\": %lu, \"failures\": [%s%s]}\n", atomic_load(&loads),
	       atomic_load(&errors) ? "\"damaged\"" : "", goes_on ? "" : "\"stands still\"");
	fflush(stdout);
	atomic_store(&over, true);
	return NULL;
}

int main(void)
{
	pthread_t threads[ALLOCATORS + LOADERS + 1];
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (size_t i = 0; i < ALLOCATORS; i++)
		pthread_create(&threads[i], NULL, allocate, (void *)(i + 1));
	for (size_t i = 0; i < LOADERS; i++)
		pthread_create(&threads[ALLOCATORS + i], NULL, load, NULL);
	pthread_create(&threads[ALLOCATORS + LOADERS], NULL, report, &signals);
	for (size_t i = 0; i < ALLOCATORS + LOADERS + 1; i++)
		pthread_join(threads[i], NULL);
	SSL_CTX_free(context);
	return 0;
}
