/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <cmocka.h>

#include "base/private_address.h"

static bool is_private(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_is_private((const struct sockaddr *)&v4, sizeof(v4));
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return address_is_private((const struct sockaddr *)&v6, sizeof(v6));
}

static void networks_of_ones_own_are_private(void **state)
{
	static const char *const own[] = { "127.0.0.1",
					   "127.1.2.3",
					   "10.0.0.5",
					   "172.16.0.1",
					   "172.31.255.254",
					   "192.168.1.1",
					   "169.254.1.1",
					   "100.64.0.1",
					   "100.127.255.1",
					   "0.0.0.0",
					   "::1",
					   "fe80::1",
					   "fd00::7",
					   "fc00::1",
					   "::ffff:127.0.0.1",
					   "::ffff:10.1.2.3" };
	static const char *const others[] = { "203.0.113.7", "172.15.0.1",    "172.32.0.1",
					      "192.169.0.1", "11.0.0.1",      "100.63.0.1",
					      "100.128.0.1", "8.8.8.8",       "2001:db8::7",
					      "fec0::1",     "::ffff:8.8.8.8" };

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_true(is_private(own[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(is_private(others[i]));
}

static void what_is_no_internet_address_is_none(void **state)
{
	struct sockaddr_storage a = { .ss_family = AF_UNIX };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	assert_false(address_is_private(NULL, 0));
	assert_false(address_is_private((const struct sockaddr *)&a, sizeof(a)));
	assert_false(address_is_private((const struct sockaddr *)&v4, 1));
	assert_false(address_is_private((const struct sockaddr *)&v4, sizeof(v4) - 1));
}

static void a_request_is_known_by_its_first_bytes(void **state)
{
	static const char *const whole[] = { "POST /v1", "GET /", "PRI * HTTP/2.0", "DELETE ",
					     "OPTIONS *" };
	static const char *const parts[] = { "", "P", "PO", "POST", "OPTIONS", "PRI" };
	static const char *const none[] = { "PING\r\n", "post /",   "\x16\x03\x01",
					    "*1\r\n",   "POST\r\n", "SSH-2.0",
					    "{" };

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		assert_int_equal(begins_request(whole[i], strlen(whole[i])), 1);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_int_equal(begins_request(parts[i], strlen(parts[i])), 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(begins_request(none[i], strlen(none[i])), -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_of_ones_own_are_private),
		cmocka_unit_test(what_is_no_internet_address_is_none),
		cmocka_unit_test(a_request_is_known_by_its_first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
