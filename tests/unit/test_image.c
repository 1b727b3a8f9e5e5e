/* SPDX-License-Identifier: MIT */
/* The reader of compiled policies: what it finds, and what it refuses to open. */
#include "af_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_siphash.h"
#include "compiled.h"
#include "harness.h"
#include "image_walk.h"

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
				suffix = af_whole(name);
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
		seal_image(copy, compiled.length);
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
static void check_rows(
	const struct af_compiled *compiled, const struct field_row *row, size_t count)
{
	struct af_image image;

	for (size_t i = 0; i < count; i++) {
		uint8_t *copy = malloc(compiled->length);
		size_t index = row[i].index;

		memcpy(copy, compiled->bytes, compiled->length);
		if (index == ANY)
			index = first_taken((void *)element(copy, row[i].section, 0));
		/* "needs a newer reader" changes two neighbours at once */
		memcpy(element(copy, row[i].section, index) + row[i].offset, &row[i].value,
			row[i].value >> 32 == 2 ? 8 : row[i].size);
		seal_image(copy, compiled->length);
		CHECK_NUMBER(
			row[i].name, af_image_open(copy, compiled->length, &image), row[i].want);
		if (row[i].want == AFENCE_OK)
			CHECK_NUMBER(row[i].name, walk_image(&image).wrong, 0);
		free(copy);
	}
	CHECK_NUMBER("nothing changed", af_image_open(compiled->bytes, compiled->length, &image),
		AFENCE_OK);
}

static void check_text(const char *text, const struct field_row *row, size_t count)
{
	struct af_compiled compiled;

	compile_text(text, 1, &compiled);
	check_rows(&compiled, row, count);
	free(compiled.bytes);
}

static void test_fields(void)
{
	check_text(small_policy, small_rows, sizeof(small_rows) / sizeof(small_rows[0]));
	check_text("policy 1;", empty_rows, sizeof(empty_rows) / sizeof(empty_rows[0]));
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
		seal_image(compiled.bytes, compiled.length);
		CHECK_NUMBER(changes[i].name,
			af_image_open(compiled.bytes, compiled.length, &image), AFENCE_ERR_DAMAGED);
		free(compiled.bytes);
	}
}

/* --- an image with everything: each kind of clause, place, list and life */

#define CREATED 1803859200 /* 2027-03-01 00:00:00 UTC */

static const char full_policy[] =
	"policy 1; mode observe;\n"
	"reserve \"a.lan\", \"a.lan\";\n"
	"internal \"c.lan\", 10.0.0.0/8; external 10.1.0.0/16;\n"
	"resolver { server ::1; }\n"
	"service pop3 { mode off; unknown allow; }\n"
	"service imap { on-block refuse; resolve off; }\n"
	"exception lab { identity \"*@a.lan\", \"qa@b.lan\"; target \"far.net\", 198.51.99.0/24;"
	" port 993, 143; service imap, pop3; ticket T-1; owner \"o@c.lan\";"
	" reason \"of more than thirty-one bytes, all told\"; expires 2027-03-31; }\n"
	"exception bare { identity \"*@a.lan\"; target \"*.far.net\"; owner \"o@c.lan\";"
	" reason \"r\"; expires 2027-03-31; }\n"
	"protect fin { identity \"*@.fin.lan\"; target \"near.net\"; ticket T-2; }\n"
	"protect old { identity \"*@fin.lan\"; target \"near.net\"; }\n"
	"protect gone { identity \"*@fin.lan\"; target \"near.net\"; }\n"
	"protect new { identity \"*@fin.lan\"; target \"near.net\"; }\n"
	"pam-module \"pam_b.so\" target \"b.net\", 10.0.0.1, \"b.net\";\n"
	"pam-module \"pam_b.so\" target \"a.net\"; pam-module \"pam_a.so\" local;\n";

static void set_full(struct af_rules *rules)
{
	rules->settings.mode_until = CREATED + 3600;
	rules->settings.mode_after = AFENCE_MODE_OFF;
	rules->row[1].life = AFENCE_LIFE_TRIAL;
	rules->clause.row[3].life = AFENCE_LIFE_REPLACED;
	rules->clause.row[4].life = AFENCE_LIFE_OVER;
	rules->clause.row[5].life = AFENCE_LIFE_TRIAL;
}

static void compile_full(struct af_compiled *out)
{
	static const struct af_image_origin origin = {"apply", "root", {1, 2, 3}, 4};
	static const struct af_stamp stamp = {5, CREATED, &origin};

	compile_changed(full_policy, set_full, &stamp, out);
}

static void test_full(void)
{
	struct af_compiled compiled;
	struct af_image image;
	struct walk walk;

	compile_full(&compiled);
	CHECK_NUMBER("open", af_image_open(compiled.bytes, compiled.length, &image), AFENCE_OK);
	walk = walk_image(&image);
	CHECK_NUMBER("wrong", walk.wrong, 0);
	CHECK_NUMBER("rules", walk.rules, 5);
	CHECK_NUMBER("services", walk.services, 2);
	CHECK_NUMBER("names", walk.names, 2);
	CHECK_NUMBER("networks", walk.networks, 2);
	CHECK_NUMBER("clauses", walk.clauses, 6);
	CHECK_NUMBER("members", walk.members, 7);
	CHECK_NUMBER("places", walk.places, 7);
	CHECK_NUMBER("values", walk.values, 4);
	CHECK_NUMBER("modules", walk.modules, 4);
	CHECK_STRING("origin", af_image_origin(&image)->who, "root");
	free(compiled.bytes);
}

#define SERVICE(index, member) FIELD(AFENCE_SECTION_SERVICES, index, af_image_service, member)
#define CLAUSE(index, member)  FIELD(AFENCE_SECTION_CLAUSES, index, af_image_clause, member)
#define MEMBER(index, member)  FIELD(AFENCE_SECTION_MEMBERS, index, af_image_member, member)
#define PLACE(index, member)   FIELD(AFENCE_SECTION_PLACES, index, af_image_place, member)
#define VALUE(index)           AFENCE_SECTION_VALUES, index, 0, sizeof(uint32_t)
#define MODULE(index, member)  FIELD(AFENCE_SECTION_MODULES, index, af_image_module, member)
#define ORIGIN(member)         FIELD(AFENCE_SECTION_ORIGIN, 0, af_image_origin, member)
#define EXCEPTED(member)       FIELD(AFENCE_SECTION_EXCEPTED, ANY, af_image_name, member)
#define PROTECTED(member)      FIELD(AFENCE_SECTION_PROTECTED, ANY, af_image_name, member)

#define BEHIND (UINT32_MAX - 1) /* an offset or index that leads out */

/* Rules 0 and 1 are a.lan, 2 is c.lan, 3 and 4 networks.  Members 0 and 1 are of clause 0, 2 of 1 and
 * on one domain with 0, 3 to 6 of 2 to 5 and on one domain.  Places 0 and 1 are of clause 0, 1 is a
 * network.  Values 0 and 1 are ports, 2 and 3 services. */
static const struct field_row full_rows[] = {
	{"other creation", HEADER(created), UINT64_MAX, AFENCE_OK},
	{"mode until never", SETTING(mode_until), 0, AFENCE_ERR_DAMAGED},
	{"mode until before 1970", SETTING(mode_until), UINT64_MAX, AFENCE_ERR_DAMAGED},
	{"mode after 0", SETTING(mode_after), 0, AFENCE_OK},
	{"mode after 3", SETTING(mode_after), 3, AFENCE_ERR_DAMAGED},
	{"lives, but not on trial", SETTING(on_trial), 0, AFENCE_ERR_DAMAGED},
	{"on trial 2", SETTING(on_trial), 2, AFENCE_ERR_DAMAGED},

	{"reserve on trial", RULE(0, life), AFENCE_LIFE_TRIAL, AFENCE_OK},
	{"reserve replaced", RULE(0, life), AFENCE_LIFE_REPLACED, AFENCE_ERR_DAMAGED},
	{"reserve over", RULE(1, life), AFENCE_LIFE_OVER, AFENCE_ERR_DAMAGED},
	{"rule life 4", RULE(1, life), AFENCE_LIVES, AFENCE_ERR_DAMAGED},
	{"internal on trial", RULE(2, life), AFENCE_LIFE_TRIAL, AFENCE_ERR_DAMAGED},
	{"external on trial", RULE(4, life), AFENCE_LIFE_TRIAL, AFENCE_OK},

	{"service name", SERVICE(0, name), BEHIND, AFENCE_ERR_DAMAGED},
	{"no service name", SERVICE(0, name), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"service mode 3", SERVICE(0, mode), 3, AFENCE_ERR_DAMAGED},
	{"service mode unset", SERVICE(1, mode), AFENCE_UNSET, AFENCE_OK},
	{"service on-block 2", SERVICE(0, on_block), 2, AFENCE_ERR_DAMAGED},
	{"service unknown 2", SERVICE(0, unknown), 2, AFENCE_ERR_DAMAGED},
	{"service resolve 2", SERVICE(0, resolve), 2, AFENCE_ERR_DAMAGED},
	{"services in the wrong size", SECTION(AFENCE_SECTION_SERVICES, size), 4,
		AFENCE_ERR_DAMAGED},
	{"no services", SECTION(AFENCE_SECTION_SERVICES, type), 99, AFENCE_OK},

	{"no clauses", SECTION(AFENCE_SECTION_CLAUSES, type), 99, AFENCE_ERR_DAMAGED},
	{"a clause less", SECTION(AFENCE_SECTION_CLAUSES, count), 5, AFENCE_ERR_DAMAGED},
	{"a clause more", SECTION(AFENCE_SECTION_CLAUSES, count), 7, AFENCE_ERR_DAMAGED},
	{"clauses over the end", SECTION(AFENCE_SECTION_CLAUSES, count), 1000, AFENCE_ERR_DAMAGED},
	{"clause kind", CLAUSE(0, kind), AFENCE_CLAUSE_KINDS, AFENCE_ERR_DAMAGED},
	{"exception as a protect", CLAUSE(0, kind), AFENCE_CLAUSE_PROTECT, AFENCE_ERR_DAMAGED},
	{"protect as an exception", CLAUSE(2, kind), AFENCE_CLAUSE_EXCEPTION, AFENCE_ERR_DAMAGED},
	{"exception on trial", CLAUSE(0, life), AFENCE_LIFE_TRIAL, AFENCE_ERR_DAMAGED},
	{"exception replaced", CLAUSE(1, life), AFENCE_LIFE_REPLACED, AFENCE_ERR_DAMAGED},
	{"protect on trial", CLAUSE(2, life), AFENCE_LIFE_TRIAL, AFENCE_OK},
	{"protect life 4", CLAUSE(2, life), AFENCE_LIVES, AFENCE_ERR_DAMAGED},
	{"clause reserved", CLAUSE(0, reserved), 1, AFENCE_ERR_DAMAGED},
	{"clause padding", CLAUSE(0, padding), 1, AFENCE_ERR_DAMAGED},
	{"clause name", CLAUSE(0, name), BEHIND, AFENCE_ERR_DAMAGED},
	{"clause file", CLAUSE(0, file), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"clause line 0", CLAUSE(0, line), 0, AFENCE_ERR_DAMAGED},
	{"other expiry", CLAUSE(0, expires), 1, AFENCE_OK},
	{"clause reason", CLAUSE(0, reason), BEHIND, AFENCE_ERR_DAMAGED},
	{"no clause reason", CLAUSE(2, reason), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"clause owner", CLAUSE(0, owner), BEHIND, AFENCE_ERR_DAMAGED},
	{"no clause owner", CLAUSE(2, owner), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"clause ticket", CLAUSE(0, ticket), BEHIND, AFENCE_ERR_DAMAGED},
	{"no clause ticket", CLAUSE(0, ticket), UINT32_MAX, AFENCE_OK},

	{"members from 1 on", CLAUSE(0, members.first), 1, AFENCE_ERR_DAMAGED},
	{"members of another", CLAUSE(1, members.first), 0, AFENCE_ERR_DAMAGED},
	{"members behind the end", CLAUSE(5, members.first), 7, AFENCE_ERR_DAMAGED},
	{"members far behind", CLAUSE(5, members.first), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"clause of no members", CLAUSE(0, members.count), 0, AFENCE_ERR_DAMAGED},
	{"a member less", CLAUSE(0, members.count), 1, AFENCE_ERR_DAMAGED},
	{"a member more", CLAUSE(5, members.count), 2, AFENCE_ERR_DAMAGED},
	{"2^32 members", CLAUSE(5, members.count), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"places from 1 on", CLAUSE(0, places.first), 1, AFENCE_ERR_DAMAGED},
	{"places of another", CLAUSE(5, places.first), 0, AFENCE_ERR_DAMAGED},
	{"clause of no places", CLAUSE(5, places.count), 0, AFENCE_ERR_DAMAGED},
	{"a place more", CLAUSE(5, places.count), 2, AFENCE_ERR_DAMAGED},
	{"2^32 places", CLAUSE(5, places.count), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"ports from 1 on", CLAUSE(0, ports.first), 1, AFENCE_ERR_DAMAGED},
	{"ports behind the end", CLAUSE(0, ports.first), 4, AFENCE_ERR_DAMAGED},
	{"no ports, but values", CLAUSE(0, ports.count), 0, AFENCE_ERR_DAMAGED},
	{"a port more", CLAUSE(0, ports.count), 3, AFENCE_ERR_DAMAGED},
	{"first of no ports", CLAUSE(1, ports.first), 4, AFENCE_ERR_DAMAGED},
	{"ports without values", CLAUSE(1, ports.count), 1, AFENCE_ERR_DAMAGED},
	{"2^32 ports", CLAUSE(0, ports.count), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"services among ports", CLAUSE(0, services.first), 1, AFENCE_ERR_DAMAGED},
	{"first of no services", CLAUSE(1, services.first), 1, AFENCE_ERR_DAMAGED},
	{"a service less", CLAUSE(0, services.count), 1, AFENCE_ERR_DAMAGED},
	{"2^32 services", CLAUSE(0, services.count), UINT32_MAX, AFENCE_ERR_DAMAGED},

	{"no members", SECTION(AFENCE_SECTION_MEMBERS, type), 99, AFENCE_ERR_DAMAGED},
	{"member section shorter", SECTION(AFENCE_SECTION_MEMBERS, count), 6, AFENCE_ERR_DAMAGED},
	{"member section longer", SECTION(AFENCE_SECTION_MEMBERS, count), 8, AFENCE_ERR_DAMAGED},
	{"member of another clause", MEMBER(0, clause), 1, AFENCE_ERR_DAMAGED},
	{"member of no clause", MEMBER(6, clause), 6, AFENCE_ERR_DAMAGED},
	{"member domain", MEMBER(0, domain), BEHIND, AFENCE_ERR_DAMAGED},
	{"member without domain", MEMBER(0, domain), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"member local", MEMBER(1, local), BEHIND, AFENCE_ERR_DAMAGED},
	{"member without local", MEMBER(1, local), UINT32_MAX, AFENCE_OK},
	{"chain that ends early", MEMBER(0, next), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"chain to another domain", MEMBER(0, next), 1, AFENCE_ERR_DAMAGED},
	{"chain to another kind", MEMBER(0, next), 3, AFENCE_ERR_DAMAGED},
	{"chain behind the end", MEMBER(6, next), 7, AFENCE_ERR_DAMAGED},
	{"member that follows itself", MEMBER(2, next), 2, AFENCE_ERR_DAMAGED},
	{"members in a ring", MEMBER(2, next), 0, AFENCE_ERR_DAMAGED},
	{"chain that skips one", MEMBER(3, next), 5, AFENCE_ERR_DAMAGED},
	{"two chains into one", MEMBER(1, next), 2, AFENCE_ERR_DAMAGED},
	{"member reach 0", MEMBER(0, reach), 0, AFENCE_ERR_DAMAGED},
	{"member reach 4", MEMBER(0, reach), 4, AFENCE_ERR_DAMAGED},
	{"member reserved", MEMBER(0, reserved[2]), 1, AFENCE_ERR_DAMAGED},

	{"no places", SECTION(AFENCE_SECTION_PLACES, type), 99, AFENCE_ERR_DAMAGED},
	{"place reach 4", PLACE(0, reach), 4, AFENCE_ERR_DAMAGED},
	{"network of a name", PLACE(0, reach), 0, AFENCE_ERR_DAMAGED},
	{"name of a network", PLACE(1, reach), AFENCE_REACH_BOTH, AFENCE_ERR_DAMAGED},
	{"name with a prefix", PLACE(0, prefix), 24, AFENCE_ERR_DAMAGED},
	{"place prefix 129", PLACE(1, prefix), 129, AFENCE_ERR_DAMAGED},
	{"host bits behind the prefix", PLACE(1, prefix), 100, AFENCE_ERR_DAMAGED},
	{"place reserved", PLACE(0, reserved), 1, AFENCE_ERR_DAMAGED},
	{"place name", PLACE(0, name), BEHIND, AFENCE_ERR_DAMAGED},
	{"place without name", PLACE(0, name), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"network with a name", PLACE(1, name), 0, AFENCE_ERR_DAMAGED},
	{"name with an address", PLACE(0, address[15]), 1, AFENCE_ERR_DAMAGED},
	{"host bits of a place", PLACE(1, address[15]), 1, AFENCE_ERR_DAMAGED},

	{"no values", SECTION(AFENCE_SECTION_VALUES, type), 99, AFENCE_ERR_DAMAGED},
	{"port 0", VALUE(0), 0, AFENCE_ERR_DAMAGED},
	{"port 65535", VALUE(0), UINT16_MAX, AFENCE_OK},
	{"port 65536", VALUE(1), UINT16_MAX + 1, AFENCE_ERR_DAMAGED},
	{"service behind the strings", VALUE(2), BEHIND, AFENCE_ERR_DAMAGED},
	{"service that is none", VALUE(3), UINT32_MAX, AFENCE_ERR_DAMAGED},

	{"no table of exceptions", SECTION(AFENCE_SECTION_EXCEPTED, type), 99, AFENCE_ERR_DAMAGED},
	{"no table of protects", SECTION(AFENCE_SECTION_PROTECTED, type), 99, AFENCE_ERR_DAMAGED},
	{"empty table of protects", SECTION(AFENCE_SECTION_PROTECTED, count), 0,
		AFENCE_ERR_DAMAGED},
	{"table of 7", SECTION(AFENCE_SECTION_PROTECTED, count), 7, AFENCE_ERR_DAMAGED},
	{"exceptions twice", SECTION(AFENCE_SECTION_PROTECTED, type), AFENCE_SECTION_EXCEPTED,
		AFENCE_ERR_DAMAGED},
	{"excepted hash", EXCEPTED(hash), 1, AFENCE_ERR_DAMAGED},
	{"excepted name", EXCEPTED(name), BEHIND, AFENCE_ERR_DAMAGED},
	{"excepted nobody", EXCEPTED(name), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"excepted member behind the end", EXCEPTED(rule), 7, AFENCE_ERR_DAMAGED},
	{"excepted without member", EXCEPTED(rule), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"excepted with a protect", EXCEPTED(rule), 3, AFENCE_ERR_DAMAGED},
	{"protected hash", PROTECTED(hash), 1, AFENCE_ERR_DAMAGED},
	{"protected nobody", PROTECTED(name), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"protected from the second on", PROTECTED(rule), 4, AFENCE_ERR_DAMAGED},
	{"protected with an exception", PROTECTED(rule), 0, AFENCE_ERR_DAMAGED},

	{"no modules", SECTION(AFENCE_SECTION_MODULES, type), 99, AFENCE_OK},
	{"modules in the wrong size", SECTION(AFENCE_SECTION_MODULES, size), 8, AFENCE_ERR_DAMAGED},
	{"a module more", SECTION(AFENCE_SECTION_MODULES, count), 5, AFENCE_ERR_DAMAGED},
	{"module name", MODULE(0, name), BEHIND, AFENCE_ERR_DAMAGED},
	{"module without name", MODULE(0, name), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"module that is no file", MODULE(0, name), 0, AFENCE_ERR_DAMAGED},
	{"module file", MODULE(0, file), BEHIND, AFENCE_ERR_DAMAGED},
	{"module line 0", MODULE(0, line), 0, AFENCE_ERR_DAMAGED},
	{"module host", MODULE(1, host), BEHIND, AFENCE_ERR_DAMAGED},
	{"module at no host", MODULE(1, host), 0, AFENCE_ERR_DAMAGED},
	{"local and with a host, first", MODULE(1, host), UINT32_MAX, AFENCE_ERR_DAMAGED},
	{"local and with a host, last", MODULE(3, host), UINT32_MAX, AFENCE_ERR_DAMAGED},

	{"no origin", SECTION(AFENCE_SECTION_ORIGIN, type), 99, AFENCE_OK},
	{"empty origin", SECTION(AFENCE_SECTION_ORIGIN, count), 0, AFENCE_OK},
	{"origin size", SECTION(AFENCE_SECTION_ORIGIN, size), 112, AFENCE_ERR_DAMAGED},
	{"control in the action", ORIGIN(action[0]), '\n', AFENCE_ERR_DAMAGED},
	{"no ASCII in the action", ORIGIN(action[4]), 0xe9, AFENCE_ERR_DAMAGED},
	{"control in the user", ORIGIN(who[0]), 0x7f, AFENCE_ERR_DAMAGED},
	{"no user", ORIGIN(who[0]), 0, AFENCE_OK},
	{"other sources", ORIGIN(sources), 9, AFENCE_OK},
	{"other base", ORIGIN(base), UINT64_MAX, AFENCE_OK},
};

static void test_full_fields(void)
{
	static const struct field_row lone[] = {
		{"on trial, but no lives", SETTING(on_trial), 1, AFENCE_ERR_DAMAGED},
		{"mode after without end", SETTING(mode_after), 1, AFENCE_ERR_DAMAGED},
		{"rule on trial", RULE(0, life), AFENCE_LIFE_TRIAL, AFENCE_ERR_DAMAGED},
	};
	struct af_compiled compiled;

	compile_full(&compiled);
	check_rows(&compiled, full_rows, sizeof(full_rows) / sizeof(full_rows[0]));
	free(compiled.bytes);
	check_text(small_policy, lone, sizeof(lone) / sizeof(lone[0]));
}

/* The first bytes of sections, by type. */
#define AT(bytes, type, section) \
	((struct type *)(void *)element((bytes), AFENCE_SECTION_##section, 0))

static void lengthen_service(uint8_t *bytes)
{
	AT(bytes, af_image_service, SERVICES)[0].name = AT(bytes, af_image_clause, CLAUSES)->reason;
}

static void lengthen_listed(uint8_t *bytes)
{
	uint32_t *value = (void *)element(bytes, AFENCE_SECTION_VALUES, 2);

	*value = AT(bytes, af_image_clause, CLAUSES)->reason;
}

static void swap_services(uint8_t *bytes)
{
	struct af_image_service *service = AT(bytes, af_image_service, SERVICES), first = *service;

	service[0] = service[1];
	service[1] = first;
}

static void double_service(uint8_t *bytes)
{
	struct af_image_service *service = AT(bytes, af_image_service, SERVICES);

	service[1] = service[0];
}

static void swap_modules(uint8_t *bytes)
{
	struct af_image_module *module = AT(bytes, af_image_module, MODULES), second = module[1];

	module[1] = module[2];
	module[2] = second;
}

static void double_module(uint8_t *bytes)
{
	struct af_image_module *module = AT(bytes, af_image_module, MODULES);

	module[1] = module[0];
}

static void double_host(uint8_t *bytes)
{
	struct af_image_module *module = AT(bytes, af_image_module, MODULES);

	module[3] = module[2];
}

static void spoil_module(uint8_t *bytes)
{
	element(bytes, AFENCE_SECTION_STRINGS, AT(bytes, af_image_module, MODULES)->name)[0] = '/';
}

static void spoil_host(uint8_t *bytes)
{
	element(bytes, AFENCE_SECTION_STRINGS, AT(bytes, af_image_module, MODULES)[2].host)[0] =
		'A';
}

static void fill_action(uint8_t *bytes)
{
	struct af_image_origin *origin = AT(bytes, af_image_origin, ORIGIN);

	memset(origin->action, 'a', sizeof(origin->action));
}

static void fill_who(uint8_t *bytes)
{
	struct af_image_origin *origin = AT(bytes, af_image_origin, ORIGIN);

	memset(origin->who, 'a', sizeof(origin->who));
}

static void spoil_place(uint8_t *bytes)
{
	element(bytes, AFENCE_SECTION_STRINGS, AT(bytes, af_image_place, PLACES)->name)[0] = 'F';
}

static void spoil_member(uint8_t *bytes)
{
	element(bytes, AFENCE_SECTION_STRINGS, AT(bytes, af_image_member, MEMBERS)->domain)[0] =
		'A';
}

/* Nothing follows the strings but what is to be found if they have no end. */
static void end_strings(uint8_t *bytes)
{
	struct af_image_header *header = (void *)bytes;

	*element(bytes, AFENCE_SECTION_STRINGS,
		header->section[AFENCE_SECTION_STRINGS - 1].count - 1) = 'x';
}

/* The slot keeps its name and hash, but not the first of its members. */
static void skip_member(uint8_t *bytes)
{
	struct af_image_name *slot = AT(bytes, af_image_name, EXCEPTED);

	while (slot->name == AFENCE_IMAGE_NONE || slot->rule != 0)
		slot++;
	slot->rule = 2;
}

static void test_full_changes(void)
{
	static const struct {
		const char *name;
		void (*change)(uint8_t *bytes);
	} changes[] = {
		{"service block of a long name", lengthen_service},
		{"listed service of a long name", lengthen_listed},
		{"services not sorted", swap_services},
		{"service twice", double_service},
		{"modules not sorted", swap_modules},
		{"local module twice", double_module},
		{"host of a module twice", double_host},
		{"module with a folder", spoil_module},
		{"host that is not canonical", spoil_host},
		{"action without an end", fill_action},
		{"user without an end", fill_who},
		{"place that is not canonical", spoil_place},
		{"member that is not canonical", spoil_member},
		{"strings without an end", end_strings},
		{"member in no chain", skip_member},
	};
	struct af_compiled compiled;
	struct af_image image;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		compile_full(&compiled);
		changes[i].change(compiled.bytes);
		seal_image(compiled.bytes, compiled.length);
		CHECK_NUMBER(changes[i].name,
			af_image_open(compiled.bytes, compiled.length, &image), AFENCE_ERR_DAMAGED);
		free(compiled.bytes);
	}
}

/* --- the same image, cut and changed everywhere */

/* A block of its own, so that a sanitizer sees every step over its end. */
static enum af_status open_copy(const uint8_t *bytes, size_t length, bool repaired)
{
	uint8_t *copy = malloc(length > 0 ? length : 1);
	enum af_status status;
	struct af_image image;

	memcpy(copy, bytes, length);
	if (repaired)
		repair_image(copy, length);
	status = af_image_open(copy, length, &image);
	if (status == AFENCE_OK)
		CHECK_NUMBER("changed, but open", walk_image(&image).wrong, 0);
	free(copy);
	return status;
}

static void test_every_length(void)
{
	struct af_compiled compiled;

	compile_full(&compiled);
	for (size_t length = 0; length < compiled.length; length++) {
		CHECK_NUMBER("cut", open_copy(compiled.bytes, length, false), AFENCE_ERR_DAMAGED);
		if (length >= sizeof(struct af_image_header))
			open_copy(compiled.bytes, length, true);
	}
	free(compiled.bytes);
}

/* What a byte becomes: neighbours, single bits, ends of the range. */
static uint8_t change_byte(uint8_t byte, unsigned way)
{
	const int value[] = {byte ^ 1, byte ^ 2, byte ^ 4, byte ^ 8, byte ^ 16, byte ^ 32,
		byte ^ 64, byte ^ 128, 0, 0xff, 0x7f, byte + 1, byte - 1};

	return (uint8_t)value[way];
}

static void test_every_byte(void)
{
	struct af_compiled compiled;
	size_t opened = 0, refused = 0;

	compile_full(&compiled);
	for (size_t i = 0; i < compiled.length; i++) {
		uint8_t byte = compiled.bytes[i];

		for (unsigned way = 0; way < 13; way++) {
			compiled.bytes[i] = change_byte(byte, way);
			if (open_copy(compiled.bytes, compiled.length, true) == AFENCE_OK)
				opened++;
			else
				refused++;
		}
		compiled.bytes[i] = byte;
	}
	printf("%zu changes: %zu opened, %zu refused\n", opened + refused, opened, refused);
	CU_ASSERT(opened > 0 && refused > 0);
	free(compiled.bytes);
}

static void test_full_damage(void)
{
	struct af_compiled compiled;
	uint32_t seed = 20260905;
	unsigned refused = 0;
	uint8_t *copy;

	compile_full(&compiled);
	copy = malloc(compiled.length);
	for (int i = 0; i < 600;) {
		if (!change_bytes(&compiled, copy, &seed))
			continue;
		i++;
		refused += open_copy(copy, compiled.length, false) != AFENCE_OK;
		open_copy(copy, compiled.length, true);
	}
	CHECK_NUMBER("refused", refused, 600);
	free(copy);
	free(compiled.bytes);
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
	{"an image with everything", test_full},
	{"every field of it", test_full_fields},
	{"parts of it as a whole", test_full_changes},
	{"cut at every length", test_every_length},
	{"every byte, changed in 13 ways", test_every_byte},
	{"damaged 600 times", test_full_damage},
	{"alignment", test_alignment},
	{"networks against a slow search", test_networks},
	CU_TEST_INFO_NULL,
};

CU_SuiteInfo af_suite = {"image", NULL, NULL, NULL, NULL, tests};
