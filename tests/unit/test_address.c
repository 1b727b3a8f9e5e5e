/* SPDX-License-Identifier: MIT */
/*
 * Addresses: literals against getaddrinfo(), classes against a slow reading of addresses.tsv at
 * the edges of every block.
 */
#include "af_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "harness.h"

struct literal_row {
	const char *text;
	const char *want; /* text form; NULL: no address */
};

static const struct literal_row literals[] = {
	{"127.0.0.1", "127.0.0.1"},
	{"203.0.114.7", "203.0.114.7"},
	{"255.255.255.255", "255.255.255.255"},
	/* What inet_aton() takes too. */
	{"127.1", "127.0.0.1"},
	{"127.0.1", "127.0.0.1"},
	{"10.258", "10.0.1.2"},
	{"0x7f.1", "127.0.0.1"},
	{"0X7F.0.0.1", "127.0.0.1"},
	{"2130706433", "127.0.0.1"},
	{"017700000001", "127.0.0.1"},
	{"0x7f000001", "127.0.0.1"},
	{"127.0.0.01", "127.0.0.1"},
	{"0177.0.0.1", "127.0.0.1"},
	{"0", "0.0.0.0"},
	{"4294967295", "255.255.255.255"},
	{"00000000000000000000000000000000000000000177.1", "127.0.0.1"},
	/* IPv6. */
	{"::1", "::1"},
	{"::", "::"},
	{"2001:DB8::1", "2001:db8::1"},
	{"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
	{"::ffff:10.0.0.1", "10.0.0.1"},
	{"::ffff:a00:1", "10.0.0.1"},
	{"::10.0.0.1", "::10.0.0.1"},
	{"64:ff9b::127.0.0.1", "64:ff9b::7f00:1"},
	{"fe80::1%eth0", "fe80::1"},
	{"fe80::1%2", "fe80::1"},
	/* Brackets, as in URIs and in Postfix's relayhost. */
	{"[::1]", "::1"},
	{"[fe80::1%eth0]", "fe80::1"},
	{"[127.0.0.1]", "127.0.0.1"},
	{"[127.1]", "127.0.0.1"},
	/* No address. */
	{"", NULL},
	{" ", NULL},
	{".", NULL},
	{"localhost", NULL},
	{"example.com", NULL},
	{"dead.beef", NULL},
	{"face", NULL},
	{"127.0.0.1 ", NULL},
	{" 127.0.0.1", NULL},
	{"127.0.0.1 example.com", NULL},
	{"127.0.0.1\n", NULL},
	{"127.0.0.1.", NULL},
	{".127.0.0.1", NULL},
	{"127..1", NULL},
	{"127.0.0.256", NULL},
	{"256.1", NULL},
	{"1.2.3.4.5", NULL},
	{"4294967296", NULL},
	{"127.0x1000000", NULL},
	{"08", NULL},
	{"0x", NULL},
	{"0xg", NULL},
	{"-1", NULL},
	{"+127.1", NULL},
	{"127.0.0.1%lo", NULL},
	{"127.0.0.1:25", NULL},
	{"127.0.0.1/8", NULL},
	{"1e1", NULL},
	{":", NULL},
	{":::", NULL},
	{"::1::", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1:2:3:4:5:6:7:8:9", NULL},
	{"12345::", NULL},
	{"::g", NULL},
	{"::1 ", NULL},
	{"::127.1", NULL},
	{"::1%", NULL},
	{"%eth0", NULL},
	{"[]", NULL},
	{"[", NULL},
	{"]", NULL},
	{"[::1", NULL},
	{"::1]", NULL},
	{"[[::1]]", NULL},
	{"[::1]%1", NULL},
	{"[example.com]", NULL},
};

static void test_literals(void)
{
	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		const struct literal_row *row = &literals[i];
		struct af_address address;
		char text[AFENCE_ADDRESS_TEXT_MAX];
		bool is = af_address_parse(row->text, strlen(row->text), &address);

		CHECK_STRING(row->text, is ? af_address_format(&address, text) : NULL, row->want);
	}
}

/* Length, not NUL, ends the text; a NUL within is no address. */
static void test_length(void)
{
	struct af_address address;
	char text[AFENCE_ADDRESS_TEXT_MAX];
	char zeros[4096];

	CU_ASSERT_TRUE(af_address_parse("127.0.0.123", 9, &address));
	CHECK_STRING("cut", af_address_format(&address, text), "127.0.0.1");
	CU_ASSERT_FALSE(af_address_parse("127.0.0.1\0", 10, &address));
	CU_ASSERT_FALSE(af_address_parse("::1\0.example.com", 16, &address));
	memset(zeros, '0', sizeof(zeros));
	CU_ASSERT_FALSE(af_address_parse(zeros, sizeof(zeros), &address));
}

/* The literals, without brackets and zones, against the C library. */
static void test_library(void)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		const char *text = literals[i].text;
		struct addrinfo *list = NULL;
		struct af_address got;
		struct af_address want;
		bool is;

		if (strpbrk(text, "[%") != NULL || text[0] == '\0')
			continue;
		is = getaddrinfo(text, NULL, &hints, &list) == 0 &&
		     /* inet_aton() takes what follows a blank for a comment; a host does not. */
		     strpbrk(text, " \n") == NULL;
		CHECK_NUMBER(text, af_address_parse(text, strlen(text), &got), is);
		if (is && af_address_from_sockaddr(list->ai_addr, &want, NULL))
			CHECK_NUMBER(text, af_address_equal(&got, &want), 1);
		if (list != NULL)
			freeaddrinfo(list);
	}
}

static void test_sockaddr(void)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(465)};
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons(993), .sin6_scope_id = 7};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct af_address address;
	char text[AFENCE_ADDRESS_TEXT_MAX];
	uint16_t port = 0;

	inet_pton(AF_INET, "192.88.99.7", &four.sin_addr);
	inet_pton(AF_INET6, "fe80::2", &six.sin6_addr);
	CU_ASSERT_TRUE(af_address_from_sockaddr((struct sockaddr *)&four, &address, &port));
	CHECK_STRING("IPv4", af_address_format(&address, text), "192.88.99.7");
	CHECK_NUMBER("IPv4 port", port, 465);
	CU_ASSERT_TRUE(af_address_from_sockaddr((struct sockaddr *)&six, &address, &port));
	CHECK_STRING("IPv6", af_address_format(&address, text), "fe80::2");
	CHECK_NUMBER("IPv6 port", port, 993);
	CU_ASSERT_TRUE(af_address_from_sockaddr((struct sockaddr *)&four, &address, NULL));
	CU_ASSERT_FALSE(af_address_from_sockaddr((struct sockaddr *)&local, &address, &port));
}

struct network_row {
	const char *address;
	const char *network;
	unsigned prefix;
	bool want;
};

static const struct network_row networks[] = {
	{"10.1.2.3", "10.0.0.0", 104, true},
	{"11.0.0.0", "10.0.0.0", 104, false},
	{"10.1.2.3", "10.1.2.3", 128, true},
	{"10.1.2.2", "10.1.2.3", 128, false},
	{"10.1.2.2", "10.1.2.3", 127, true},
	{"10.1.2.1", "10.1.2.3", 127, false},
	{"2001:db8::1", "::", 0, true},
	{"8000::", "::", 1, false},
	{"7fff::", "::", 1, true},
	{"10.0.0.1", "::", 0, true},
	{"fe80::1", "fe80::", 10, true},
	{"fec0::1", "fe80::", 10, false},
	{"::1", "::1", 129, false},
};

static void test_networks(void)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		const struct network_row *row = &networks[i];
		struct af_address address;
		struct af_address network;

		af_address_parse(row->address, strlen(row->address), &address);
		af_address_parse(row->network, strlen(row->network), &network);
		CHECK_NUMBER(
			row->address, af_address_in(&address, &network, row->prefix), row->want);
	}
}

struct class_row {
	const char *address;
	const char *class;
	const char *block; /* NULL: none decided */
};

static const struct class_row classes[] = {
	{"172.15.255.255", "external", NULL},
	{"172.16.0.0", "internal", "172.16.0.0/12"},
	{"172.31.255.255", "internal", "172.16.0.0/12"},
	{"172.32.0.0", "external", NULL},
	{"100.63.255.255", "external", NULL},
	{"100.64.0.0", "internal", "100.64.0.0/10"},
	{"100.128.0.0", "external", NULL},
	{"192.0.0.9", "external", "192.0.0.9/32"},
	{"192.0.0.8", "external", "192.0.0.8/32"},
	{"192.0.0.7", "internal", "192.0.0.0/29"},
	{"198.17.255.255", "external", NULL},
	{"198.18.0.1", "external", "198.18.0.0/15"},
	{"::ffff:10.0.0.1", "internal", "10.0.0.0/8"},
	{"::ffff:8.8.8.8", "external", NULL},
	{"64:ff9b::7f00:1", "local", "127.0.0.0/8"},
	{"64:ff9b::808:808", "external", NULL},
	{"64:ff9b:1::a00:1", "external", "64:ff9b:1::/48"},
	{"2002:a00:1::", "internal", "10.0.0.0/8"},
	{"2002:808:808::", "external", NULL},
	{"2002:7f00:1::", "local", "127.0.0.0/8"},
	{"2001:db8::1", "internal", "2001:db8::/32"},
	{"3fff:fff::", "internal", "3fff::/20"},
	{"3fff:1000::", "external", NULL},
	{"fd00::1", "internal", "fd00::/8"},
	{"fc00::1", "external", "fc00::/8"},
	{"fe80::1", "internal", "fe80::/10"},
	{"fec0::1", "internal", "fec0::/10"},
	{"100::1", "external", "100::/64"},
	{"2606:4700::1", "external", NULL},
	/* More of the same kind. */
	{"0.0.0.0", "local", "0.0.0.0/32"},
	{"0.0.0.1", "external", "0.0.0.0/8"},
	{"127.0.0.1", "local", "127.0.0.0/8"},
	{"127.191.255.255", "local", "127.0.0.0/8"},
	{"127.192.0.0", "external", "127.192.0.0/10"},
	{"192.88.99.7", "external", "192.88.99.0/24"},
	{"192.88.99.2", "external", "192.88.99.2/32"},
	{"203.0.113.7", "internal", "203.0.113.0/24"},
	{"203.0.114.7", "external", NULL},
	{"169.254.169.254", "internal", "169.254.0.0/16"},
	{"224.0.0.251", "external", "224.0.0.0/4"},
	{"255.255.255.255", "external", "255.255.255.255/32"},
	{"::", "local", "::/128"},
	{"::1", "local", "::1/128"},
	{"::10.0.0.1", "internal", "10.0.0.0/8"},
	{"::8.8.8.8", "external", NULL},
	{"::ffff:0:10.0.0.1", "internal", "10.0.0.0/8"},
	/* Teredo: server 192.0.2.1, client 10.0.0.1 and 8.8.8.8 with all bits flipped. */
	{"2001:0:c000:201::f5ff:fffe", "internal", "10.0.0.0/8"},
	{"2001:0:c000:201::f7f7:f7f7", "external", NULL},
	{"2001:0:c000:201::a00:1", "external", "240.0.0.0/4"},
	/* Once only: 6to4 of a Teredo-like prefix is plain IPv4 32.1.0.0. */
	{"2002:2001::f5ff:fffe", "external", NULL},
	{"2001:10::", "external", "2001:10::/28"},
	{"ff02::fb", "external", "ff00::/8"},
};

static void test_classes(void)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		const struct class_row *row = &classes[i];
		const struct af_address_block *block;
		struct af_address address;
		enum af_target_class class;

		CHECK_NUMBER(row->address,
			af_address_parse(row->address, strlen(row->address), &address), 1);
		class = af_address_class(&address, &block);
		CHECK_STRING(row->address, af_target_class_string(class), row->class);
		CHECK_STRING(row->address, block != NULL ? block->cidr : NULL, row->block);
		CHECK_NUMBER(row->address, af_address_class(&address, NULL), class);
	}
}

/* The slow computation: the file itself, bit by bit, nothing shared with the code but the text
 * of a block. */
struct slow_block {
	char bits[129]; /* the network as '0' and '1', up to the prefix */
	char class[16];
	unsigned embeds;
	bool inverted;
};

static struct slow_block slow[256];
static size_t slow_count;

static void write_bits(const uint8_t *bytes, char bits[129])
{
	for (int i = 0; i < 128; i++)
		bits[i] = bytes[i / 8] >> (7 - i % 8) & 1 ? '1' : '0';
	bits[128] = '\0';
}

static void read_slow_row(char *line)
{
	struct slow_block *block = &slow[slow_count++];
	char mapped[64];
	char embeds[16];
	char text[48];
	unsigned prefix;
	uint8_t bytes[16];

	CHECK_NUMBER(line,
		sscanf(line, "%47[^/]/%u\t%15[^\t]\t%15[^\t]", text, &prefix, block->class, embeds),
		4);
	snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	CHECK_NUMBER(line, inet_pton(AF_INET6, mapped, bytes), 1);
	write_bits(bytes, block->bits);
	block->bits[strchr(text, ':') ? prefix : prefix + 96] = '\0';
	block->embeds = embeds[0] == '-' ? 0 : (unsigned)atoi(embeds);
	block->inverted = strstr(embeds, "inverted") != NULL;
}

static void test_file(void)
{
	char path[sizeof(af_source_dir) + 64];
	char line[1024];
	FILE *in;

	snprintf(path, sizeof(path), "%s/common/registry/addresses.tsv", af_source_dir);
	in = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	while (fgets(line, sizeof(line), in) != NULL)
		if (line[0] != '#' && strncmp(line, "block\t", 6) != 0)
			read_slow_row(line);
	fclose(in);
	CU_ASSERT_NOT_EQUAL(slow_count, 0);
}

static const char *slow_class(const char *bits, bool unwrap)
{
	static const char mapped[] = "0000000000000000000000000000000000000000"
				     "0000000000000000000000000000000000000000"
				     "1111111111111111";
	static const char *const names[][2] = {{"loopback", "local"}, {"private", "internal"},
		{"shared", "internal"}, {"link-local", "internal"}, {"documentation", "internal"},
		{"unroutable", "external"}, {"external", "external"}};
	const struct slow_block *best = NULL;
	char inner[129];

	for (size_t i = 0; i < slow_count; i++)
		if (strncmp(bits, slow[i].bits, strlen(slow[i].bits)) == 0 &&
			(best == NULL || strlen(slow[i].bits) > strlen(best->bits)))
			best = &slow[i];
	if (best == NULL)
		return "external";
	if (best->embeds != 0 && unwrap) {
		snprintf(inner, sizeof(inner), "%s%.32s", mapped, bits + best->embeds);
		for (int i = 96; i < 128 && best->inverted; i++)
			inner[i] = inner[i] == '0' ? '1' : '0';
		return slow_class(inner, false);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], best->class) == 0)
			return names[i][1];
	return "no class";
}

static void compare(const struct af_address *address)
{
	char text[AFENCE_ADDRESS_TEXT_MAX];
	char bits[129];

	write_bits(address->byte, bits);
	CHECK_STRING(af_address_format(address, text),
		af_target_class_string(af_address_class(address, NULL)), slow_class(bits, true));
}

/* The address before or after, around the end. */
static struct af_address neighbour(struct af_address address, int step)
{
	for (int i = 15; i >= 0; i--) {
		address.byte[i] = (uint8_t)(address.byte[i] + step);
		if (address.byte[i] != (step > 0 ? 0 : 0xff))
			break;
	}
	return address;
}

static void test_edges(void)
{
	for (size_t i = 0; i < slow_count; i++) {
		struct af_address first = {{0}};
		struct af_address last;

		for (size_t bit = 0; slow[i].bits[bit] != '\0'; bit++)
			if (slow[i].bits[bit] == '1')
				first.byte[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		last = first;
		for (size_t bit = strlen(slow[i].bits); bit < 128; bit++)
			last.byte[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		first = neighbour(first, -1);
		compare(&first);
		first = neighbour(first, 1);
		compare(&first);
		compare(&last);
		last = neighbour(last, 1);
		compare(&last);
	}
}

/* Every /16 of IPv4, bare and in each wrapping. */
static void test_wrapped(void)
{
	for (size_t i = 0; i < slow_count; i++) {
		struct af_address address = {{0}};
		unsigned byte = slow[i].embeds / 8;

		if (slow[i].embeds == 0)
			continue;
		for (size_t bit = 0; slow[i].bits[bit] != '\0'; bit++)
			if (slow[i].bits[bit] == '1')
				address.byte[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		for (unsigned four = 0; four < 0x10000; four += 0x11) {
			address.byte[byte] = (uint8_t)(four >> 8);
			address.byte[byte + 1] = (uint8_t)four;
			address.byte[byte + 3] = 1;
			compare(&address);
		}
	}
}

static CU_TestInfo tests[] = {
	{"literals", test_literals},
	{"the text ends where its length says", test_length},
	{"literals are what getaddrinfo() takes", test_library},
	{"socket addresses", test_sockaddr},
	{"networks", test_networks},
	{"classes", test_classes},
	{"the file is read, for what follows", test_file},
	{"edges of every block against the file", test_edges},
	{"embedded addresses against the file", test_wrapped},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"address", NULL, NULL, NULL, NULL, tests};
