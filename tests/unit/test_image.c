/* SPDX-License-Identifier: MIT */
/* The reader of compiled policies: what it finds, and what it refuses to open. */
#include "af_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "af_siphash.h"
#include "compiled.h"
#include "harness.h"

#define ENTRIES 1000

/* Appendix A of the paper: key 00 01 .. 0f, text 00 01 .. 0e; and the empty text. */
static void test_siphash(void)
{
	uint64_t k0 = UINT64_C(0x0706050403020100), k1 = UINT64_C(0x0f0e0d0c0b0a0908);
	struct af_siphash state;
	uint8_t text[64];

	for (uint8_t i = 0; i < sizeof(text); i++)
		text[i] = i;
	for (size_t cut = 0; cut <= 15; cut++) {
		af_siphash_start(&state, k0, k1);
		af_siphash_add(&state, text, cut);
		af_siphash_add(&state, text + cut, 15 - cut);
		CHECK_NUMBER("15 bytes in two pieces", af_siphash_finish(&state),
			UINT64_C(0xa129ca6149be45e5));
	}
	af_siphash_start(&state, k0, k1);
	CHECK_NUMBER("empty", af_siphash_finish(&state), UINT64_C(0x726fdb47dd0e0e31));
	af_siphash_start(&state, k0, k1);
	af_siphash_add(&state, text, 63);
	CHECK_NUMBER("63 bytes", af_siphash_finish(&state), UINT64_C(0x958a324ceb064572));
}

/* 1,000 entries: reserves, names and networks. */
static void compile_entries(struct af_compiled *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	fputs("policy 1;\n", file);
	for (int i = 0; i < ENTRIES; i++)
		switch (i % 4) {
		case 0:
			fprintf(file, "reserve \"host%d.acme.internal\";\n", i);
			break;
		case 1:
			fprintf(file, "internal \"*.in%d.lan\", \".in%d.lan\";\n", i, i);
			break;
		case 2:
			fprintf(file, "external \"ex%d.lan\", 10.%d.%d.0/24;\n", i, i / 256,
				i % 256);
			break;
		default:
			fprintf(file, "internal 2001:db8:%x::/48;\n", i);
		}
	fclose(file);
	compile_text(text, 7, out);
	free(text);
}

static struct af_suffix whole(const char *name)
{
	return (struct af_suffix){name, strlen(name), af_hash_bytes(name, strlen(name))};
}

/* All that a look-up can touch. */
static size_t look_around(const struct af_image *image)
{
	size_t found = 0;
	char name[64];

	for (unsigned i = 0; i < ENTRIES + 100; i++) {
		static const char *const form[][2] = {
			{"host", ".acme.internal"}, {"in", ".lan"}, {"ex", ".lan"}};
		struct af_address address = {.byte = {[10] = 0xff,
						     0xff,
						     10,
						     (uint8_t)(i / 256),
						     (uint8_t)(i % 256),
						     (uint8_t)i}};
		const struct af_image_network *network;

		for (size_t f = 0; f < 3; f++)
			for (unsigned table = AFENCE_SECTION_IDENTITIES;
				table <= AFENCE_SECTION_TARGETS; table++) {
				const struct af_image_rule *rule;
				struct af_suffix suffix;

				snprintf(name, sizeof(name), "%s%u%s", form[f][0], i, form[f][1]);
				suffix = whole(name);
				rule = af_image_find_name(image, table, &suffix);
				found += rule != NULL;
				for (; rule != NULL; rule = af_image_rule(image, rule->next))
					found += strlen(af_image_string(image, rule->name)) == 0;
			}
		network = af_image_find_network(image, &address);
		found += network != NULL;
		for (; network != NULL; network = af_image_network_parent(image, network))
			found += af_image_rule(image, network->rule)->line == 0;
	}
	return found;
}

static void test_find(void)
{
	struct af_compiled compiled;
	struct af_image image;

	compile_entries(&compiled);
	CHECK_NUMBER("open", af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
	CHECK_NUMBER("generation", af_image_generation(&image), 7);
	CHECK_NUMBER("created", af_image_created(&image), 1000);
	CHECK_NUMBER("every name and network, no other", look_around(&image), ENTRIES);
	free(compiled.bytes);
}

/* Repeatable on every machine (xorshift). */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void test_truncated(void)
{
	struct af_compiled compiled;
	uint32_t seed = 20260901;
	struct af_image image;
	uint8_t *copy;

	compile_entries(&compiled);
	for (int i = 0; i < 300; i++) {
		size_t length = next_random(&seed) % compiled.length;

		/* A block of its own, so that a sanitizer sees every step over its end. */
		copy = malloc(length > 0 ? length : 1);
		memcpy(copy, compiled.bytes, length);
		CHECK_NUMBER("truncated", af_image_open(copy, length, &image), AFENCE_ERR_DAMAGED);
		free(copy);
	}
	free(compiled.bytes);
}

/* Changes 1 to 64 bytes; false if that came to nothing. */
static bool change_bytes(const struct af_compiled *from, uint8_t *copy, uint32_t *seed)
{
	memcpy(copy, from->bytes, from->length);
	for (uint32_t n = next_random(seed) % 64 + 1; n > 0; n--)
		copy[next_random(seed) % from->length] = (uint8_t)next_random(seed);
	return memcmp(copy, from->bytes, from->length) != 0;
}

static void test_changed(void)
{
	struct af_compiled compiled;
	uint32_t seed = 20260902;
	struct af_image image;
	uint8_t *copy;

	compile_entries(&compiled);
	copy = malloc(compiled.length);
	for (int i = 0; i < 300;) {
		if (!change_bytes(&compiled, copy, &seed))
			continue;
		i++;
		CU_ASSERT(af_image_open(copy, compiled.length, &image) != AFENCE_OK);
		CHECK_NUMBER("changed: nothing to look at", image.length, 0);
	}
	free(copy);
	free(compiled.bytes);
}

static void repair(uint8_t *bytes, size_t length)
{
	struct af_image_header header;

	memcpy(&header, bytes, sizeof(header));
	header.checksum = af_image_checksum(bytes, length);
	memcpy(bytes, &header, sizeof(header));
}

/* With a checksum that fits, only the checks of structure stand between damage and a look-up. */
static void test_changed_and_repaired(void)
{
	struct af_compiled compiled;
	uint32_t seed = 20260903, opened = 0;
	struct af_image image;
	uint8_t *copy;

	compile_entries(&compiled);
	copy = malloc(compiled.length);
	for (int i = 0; i < 300; i++) {
		change_bytes(&compiled, copy, &seed);
		repair(copy, compiled.length);
		if (af_image_open(copy, compiled.length, &image) == AFENCE_OK) {
			look_around(&image);
			opened++;
		}
	}
	CU_ASSERT(opened < 300);
	free(copy);
	free(compiled.bytes);
}

/* A small image with two of everything, to be changed one field at a time. */
static const char small_policy[] = "policy 1;\n"
				   "reserve \"a.lan\", \"b.lan\";\n"
				   "internal \"c.lan\", \"*.c.lan\", 10.0.0.0/8, 10.1.0.0/16;\n"
				   "resolver { server ::1; }\n";

/* Where element INDEX of a section begins; section 0 is the header. */
static uint8_t *element(uint8_t *bytes, unsigned section, size_t index)
{
	const struct af_image_header *header = (const void *)bytes;
	const struct af_image_section *entry = header->section + section - 1;

	return section == 0 ? bytes : bytes + entry->offset + index * entry->size;
}

#define ANY SIZE_MAX /* index: the first name of the table */

static size_t first_taken(const struct af_image_name *slot)
{
	size_t i = 0;

	while (slot[i].name == AFENCE_IMAGE_NONE)
		i++;
	return i;
}

#define HEADER(member)                                  \
	0, 0, offsetof(struct af_image_header, member), \
		sizeof(((struct af_image_header *)0)->member)
#define SECTION(type, member) HEADER(section[type - 1].member)
#define FIELD(section, index, type, member) \
	section, index, offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define SETTING(member)        FIELD(AFENCE_SECTION_SETTINGS, 0, af_image_settings, member)
#define RULE(index, member)    FIELD(AFENCE_SECTION_RULES, index, af_image_rule, member)
#define NAME(member)           FIELD(AFENCE_SECTION_IDENTITIES, ANY, af_image_name, member)
#define NETWORK(index, member) FIELD(AFENCE_SECTION_NETWORKS, index, af_image_network, member)

/* Rules 0 and 1 are reserves, 2 and 3 the chain of c.lan, 4 and 5 networks. */
static const struct field_row {
	const char *name;
	unsigned section;
	size_t index, offset, size;
	uint64_t value;
	enum af_status want;
} small_rows[] = {
	{"section of a newer writer", SECTION(AFENCE_SECTION_NETWORKS, type), 99, AFENCE_OK},
	{"newer version that allows this one", HEADER(format), 9, AFENCE_OK},
	{"magic", HEADER(magic[0]), 'B', AFENCE_ERR_DAMAGED},
	{"needs a newer reader", HEADER(format), 0x200000002, AFENCE_ERR_NEWER},
	{"reader newer than writer", HEADER(min_reader), 2, AFENCE_ERR_DAMAGED},
	{"reader 0", HEADER(min_reader), 0, AFENCE_ERR_DAMAGED},
	{"length", HEADER(length), 8, AFENCE_ERR_DAMAGED},
	{"generation 0", HEADER(generation), 0, AFENCE_ERR_DAMAGED},
	{"header reserved", HEADER(reserved), 1, AFENCE_ERR_DAMAGED},
	{"25 sections", HEADER(section_count), AFENCE_IMAGE_SECTIONS + 1, AFENCE_ERR_DAMAGED},
	{"no settings", SECTION(AFENCE_SECTION_SETTINGS, type), 99, AFENCE_ERR_DAMAGED},
	{"no strings", SECTION(AFENCE_SECTION_STRINGS, type), 99, AFENCE_ERR_DAMAGED},
	{"no rules", SECTION(AFENCE_SECTION_RULES, type), 99, AFENCE_ERR_DAMAGED},
	{"identities twice", SECTION(AFENCE_SECTION_TARGETS, type), AFENCE_SECTION_IDENTITIES,
		AFENCE_ERR_DAMAGED},
	{"section in the header", SECTION(AFENCE_SECTION_STRINGS, offset), 8, AFENCE_ERR_DAMAGED},
	{"section not aligned", SECTION(AFENCE_SECTION_STRINGS, offset), 444, AFENCE_ERR_DAMAGED},
	{"section behind the end", SECTION(AFENCE_SECTION_NETWORKS, offset), 1 << 20,
		AFENCE_ERR_DAMAGED},
	{"offset near 2^64", SECTION(AFENCE_SECTION_RULES, offset), UINT64_MAX - 7,
		AFENCE_ERR_DAMAGED},
	{"count over the end", SECTION(AFENCE_SECTION_NETWORKS, count), 1000, AFENCE_ERR_DAMAGED},
	{"count that overflows", SECTION(AFENCE_SECTION_RULES, count), UINT64_MAX / 20 + 1,
		AFENCE_ERR_DAMAGED},
	{"element size", SECTION(AFENCE_SECTION_RULES, size), 24, AFENCE_ERR_DAMAGED},
	{"element size 0", SECTION(AFENCE_SECTION_RULES, size), 0, AFENCE_ERR_DAMAGED},
	{"strings without an end", SECTION(AFENCE_SECTION_STRINGS, count), 6, AFENCE_ERR_DAMAGED},
	{"two settings", SECTION(AFENCE_SECTION_SETTINGS, count), 2, AFENCE_ERR_DAMAGED},
	{"mode 2", SETTING(mode), AFENCE_MODE_OFF, AFENCE_OK},
	{"mode 3", SETTING(mode), 3, AFENCE_ERR_DAMAGED},
	{"on-block 2", SETTING(on_block), 2, AFENCE_ERR_DAMAGED},
	{"log identity 3", SETTING(log_identity), 3, AFENCE_ERR_DAMAGED},
	{"unknown 2", SETTING(unknown), 2, AFENCE_ERR_DAMAGED},
	{"resolve 2", SETTING(resolve), 2, AFENCE_ERR_DAMAGED},
	{"has_server 2", SETTING(has_server), 2, AFENCE_ERR_DAMAGED},
	{"server without has_server", SETTING(has_server), 0, AFENCE_ERR_DAMAGED},
	{"within 0", SETTING(within_ms), 0, AFENCE_ERR_DAMAGED},
	{"within 10001", SETTING(within_ms), 10001, AFENCE_ERR_DAMAGED},
	{"settings reserved", SETTING(reserved), 1, AFENCE_ERR_DAMAGED},
	{"rule kind", RULE(0, kind), AFENCE_RULE_KINDS, AFENCE_ERR_DAMAGED},
	{"rule kind of another table", RULE(0, kind), AFENCE_RULE_INTERNAL, AFENCE_ERR_DAMAGED},
	{"rule reach 4", RULE(2, reach), 4, AFENCE_ERR_DAMAGED},
	{"rule reach of a network", RULE(2, reach), 0, AFENCE_ERR_DAMAGED},
	{"reserve of one name", RULE(0, reach), AFENCE_REACH_EXACT, AFENCE_ERR_DAMAGED},
	{"rule reserved", RULE(0, reserved), 1, AFENCE_ERR_DAMAGED},
	{"rule line 0", RULE(0, line), 0, AFENCE_ERR_DAMAGED},
	{"rule name behind the strings", RULE(0, name), 4096, AFENCE_ERR_DAMAGED},
	{"rule file behind the strings", RULE(0, file), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"rule that follows itself", RULE(3, next), 3, AFENCE_ERR_DAMAGED},
	{"rules in a ring", RULE(3, next), 2, AFENCE_ERR_DAMAGED},
	{"next rule behind the end", RULE(3, next), 6, AFENCE_ERR_DAMAGED},
	{"next rule of another table", RULE(3, next), 4, AFENCE_ERR_DAMAGED},
	{"hash of another name", NAME(hash), 1, AFENCE_ERR_DAMAGED},
	{"name behind the strings", NAME(name), UINT32_MAX - 1, AFENCE_ERR_DAMAGED},
	{"name inside another", NAME(name), 2, AFENCE_ERR_DAMAGED},
	{"name without rule", NAME(rule), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"name with a rule for targets", NAME(rule), 2, AFENCE_ERR_DAMAGED},
	{"table of 3", SECTION(AFENCE_SECTION_IDENTITIES, count), 3, AFENCE_ERR_DAMAGED},
	{"prefix 129", NETWORK(1, prefix), 129, AFENCE_ERR_DAMAGED},
	{"host bits", NETWORK(1, address[15]), 1, AFENCE_ERR_DAMAGED},
	{"networks not sorted", NETWORK(0, address[12]), 11, AFENCE_ERR_DAMAGED},
	{"network that is its own parent", NETWORK(1, parent), 1, AFENCE_ERR_DAMAGED},
	{"network without its parent", NETWORK(1, parent), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"network with a rule for names", NETWORK(0, rule), 0, AFENCE_ERR_DAMAGED},
};

/* Where nothing else is wrong with a section, since it is empty. */
static const struct field_row empty_rows[] = {
	{"empty section elsewhere", SECTION(AFENCE_SECTION_NETWORKS, offset),
		sizeof(struct af_image_header), AFENCE_OK},
	{"empty section not aligned", SECTION(AFENCE_SECTION_NETWORKS, offset), 444,
		AFENCE_ERR_DAMAGED},
	{"empty section in the header", SECTION(AFENCE_SECTION_NETWORKS, offset), 8,
		AFENCE_ERR_DAMAGED},
	{"empty section twice", SECTION(AFENCE_SECTION_TARGETS, type), AFENCE_SECTION_NETWORKS,
		AFENCE_ERR_DAMAGED},
};

/* The checksum is made to fit, so that the check of the field itself must notice. */
static void check_rows(const char *text, const struct field_row *row, size_t count)
{
	struct af_compiled compiled;
	struct af_image image;

	compile_text(text, 1, &compiled);
	for (size_t i = 0; i < count; i++) {
		uint8_t *copy = malloc(compiled.length);
		size_t index = row[i].index;

		memcpy(copy, compiled.bytes, compiled.length);
		if (index == ANY)
			index = first_taken((void *)element(copy, row[i].section, 0));
		/* "needs a newer reader" changes two neighbours at once */
		memcpy(element(copy, row[i].section, index) + row[i].offset, &row[i].value,
			row[i].value >> 32 == 2 ? 8 : row[i].size);
		repair(copy, compiled.length);
		CHECK_NUMBER(
			row[i].name, af_image_open(copy, compiled.length, &image), row[i].want);
		free(copy);
	}
	CHECK_NUMBER("nothing changed", af_image_open(compiled.bytes, compiled.length, &image),
		AFENCE_OK);
	free(compiled.bytes);
}

static void test_fields(void)
{
	check_rows(small_policy, small_rows, sizeof(small_rows) / sizeof(small_rows[0]));
	check_rows("policy 1;", empty_rows, sizeof(empty_rows) / sizeof(empty_rows[0]));
}

static struct af_image_name *slots_of(uint8_t *bytes)
{
	return (void *)element(bytes, AFENCE_SECTION_IDENTITIES, 0);
}

static void set_slots(uint8_t *bytes, uint64_t count)
{
	struct af_image_header *header = (void *)bytes;

	header->section[AFENCE_SECTION_IDENTITIES - 1].count = count;
}

/* Both names of the table become one. */
static void double_name(uint8_t *bytes)
{
	struct af_image_name *slot = slots_of(bytes), name = slot[first_taken(slot)];

	for (size_t i = 0; i < 4; i++)
		if (slot[i].name != AFENCE_IMAGE_NONE)
			slot[i] = name;
}

/* One name alone, in the slot OFFSET behind its own. */
static void leave_one(uint8_t *bytes, uint32_t mask, uint32_t offset)
{
	struct af_image_name *slot = slots_of(bytes), name = slot[first_taken(slot)];

	memset(slot, 0xff, 4 * sizeof(*slot));
	slot[(name.hash + offset) & mask] = name;
}

static void move_name(uint8_t *bytes)
{
	leave_one(bytes, 3, 2);
}

/* The name is found, but a search for others would not get off its slot. */
static void cut_table(uint8_t *bytes)
{
	leave_one(bytes, 2, 0);
	set_slots(bytes, 3);
}

/* Both names are found, but a search for others would go round for ever. */
static void fill_table(uint8_t *bytes)
{
	struct af_image_name *slot = slots_of(bytes), first, second;
	size_t i = first_taken(slot);

	first = slot[i];
	second = slot[i + 1 + first_taken(slot + i + 1)];
	slot[first.hash & 1] = first;
	slot[~first.hash & 1] = second;
	set_slots(bytes, 2);
}

static void double_network(uint8_t *bytes)
{
	struct af_image_network *network = (void *)element(bytes, AFENCE_SECTION_NETWORKS, 0);

	network[0] = network[1];
	network[0].parent = AFENCE_IMAGE_NONE;
	network[1].parent = 0;
}

static void test_tables(void)
{
	static const struct {
		const char *name;
		void (*change)(uint8_t *bytes);
	} changes[] = {
		{"name twice", double_name},
		{"name where no search comes", move_name},
		{"table of three", cut_table},
		{"table without a free slot", fill_table},
		{"network twice", double_network},
	};
	struct af_compiled compiled;
	struct af_image image;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		compile_text(small_policy, 1, &compiled);
		changes[i].change(compiled.bytes);
		repair(compiled.bytes, compiled.length);
		CHECK_NUMBER(changes[i].name,
			af_image_open(compiled.bytes, compiled.length, &image), AFENCE_ERR_DAMAGED);
		free(compiled.bytes);
	}
}

static void test_alignment(void)
{
	struct af_compiled compiled;
	struct af_image image;
	uint8_t *copy;

	compile_text(small_policy, 1, &compiled);
	copy = malloc(compiled.length + 1);
	memcpy(copy + 1, compiled.bytes, compiled.length);
	CHECK_NUMBER("odd address", af_image_open(copy + 1, compiled.length, &image),
		AFENCE_ERR_DAMAGED);
	free(copy);
	free(compiled.bytes);
}

/* Networks of a small corner of the address space, nested at random. */
static void compile_networks(struct af_compiled *out)
{
	uint32_t seed = 20260904;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	fputs("policy 1; external 255.255.255.255", file);
	for (int i = 0; i < 60; i++) {
		unsigned prefix = 24 + next_random(&seed) % 9;
		unsigned host = next_random(&seed) % 256 & (0xff00U >> (prefix - 24));

		fprintf(file, ", 10.0.0.%u/%u", host & 0xff, prefix);
	}
	fputs(";", file);
	fclose(file);
	compile_text(text, 1, out);
	free(text);
}

/* The slow obvious way: look at all of them. */
static const struct af_image_network *search_all(
	const struct af_image *image, const struct af_address *address)
{
	const struct af_image_network *network = image->section[AFENCE_SECTION_NETWORKS].data;
	const struct af_image_network *best = NULL;
	struct af_address base;

	for (size_t i = 0; i < image->section[AFENCE_SECTION_NETWORKS].count; i++) {
		memcpy(base.byte, network[i].address, sizeof(base.byte));
		if (af_address_in(address, &base, network[i].prefix) &&
			(best == NULL || network[i].prefix > best->prefix))
			best = &network[i];
	}
	return best;
}

static void test_networks(void)
{
	struct af_compiled compiled;
	struct af_image image;
	unsigned found = 0;

	compile_networks(&compiled);
	CHECK_NUMBER("open", af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
	for (unsigned i = 0; i < 512; i++) {
		struct af_address address = {
			{[10] = 0xff, 0xff, 10, 0, (uint8_t)(i / 256), (uint8_t)(i % 256)}};
		const struct af_image_network *want = search_all(&image, &address);

		CU_ASSERT_PTR_EQUAL(af_image_find_network(&image, &address), want);
		found += want != NULL;
	}
	CU_ASSERT(found > 50 && found <= 256);
	free(compiled.bytes);
}

static CU_TestInfo tests[] = {
	{"checksum: published vectors", test_siphash},
	{"every entry is found", test_find},
	{"300 truncated images", test_truncated},
	{"300 changed images", test_changed},
	{"300 changed images with a fitting checksum", test_changed_and_repaired},
	{"every field", test_fields},
	{"tables as a whole", test_tables},
	{"alignment", test_alignment},
	{"networks against a slow search", test_networks},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"image", NULL, NULL, NULL, NULL, tests};
