/* SPDX-License-Identifier: MIT */
/*
 * Turns a table of the built-in registry into C, on the machine that builds:
 *
 *	registry names names.tsv > names.c
 *	registry addresses addresses.tsv > addresses.c
 *
 * A row that is not exactly as the table's comment says ends the run with FILE:LINE, what was
 * seen and what was expected.  Rows are gathered and checked first, then written, so there is no
 * output without a whole good file.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "af_hash.h"
#include "af_tables.h"

#define COLUMNS_MAX 6
#define ROWS_MAX    (AFENCE_NAME_SLOTS / 4) /* so that a look-up nearly always ends at once */

/* A line of the file and what its columns mean; a table of names needs no address. */
struct row {
	char *column[COLUMNS_MAX];
	const char *class; /* an enumerator */
	uint8_t address[16];
	unsigned prefix;
	unsigned embeds;
	bool inverted;
};

struct word {
	const char *word;
	const char *enumerator;
};

static const struct word name_classes[] = {
	{"documentation", "AFENCE_NAME_DOCUMENTATION"},
	{"testing", "AFENCE_NAME_TESTING"},
	{"special", "AFENCE_NAME_SPECIAL"},
	{NULL, NULL},
};

static const struct word truths[] = {{"yes", "true"}, {"no", "false"}, {NULL, NULL}};

/* An embedding block is looked through; what its own class says is never used. */
static const struct word address_classes[] = {
	{"loopback", "AFENCE_TARGET_LOCAL"},
	{"private", "AFENCE_TARGET_INTERNAL"},
	{"shared", "AFENCE_TARGET_INTERNAL"},
	{"link-local", "AFENCE_TARGET_INTERNAL"},
	{"documentation", "AFENCE_TARGET_INTERNAL"},
	{"unroutable", "AFENCE_TARGET_EXTERNAL"},
	{"external", "AFENCE_TARGET_EXTERNAL"},
	{"embeds", "AFENCE_TARGET_EXTERNAL"},
	{NULL, NULL},
};

/* What stands before the four bytes of an IPv4 address. */
static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static const char *file;
static unsigned line_number;
static struct row rows[ROWS_MAX];
static size_t row_count;

__attribute__((format(printf, 1, 2), noreturn)) static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s:%u: ", file, line_number);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static const char *translate(const struct word *words, const char *what, const char *seen)
{
	for (const struct word *w = words; w->word != NULL; w++)
		if (strcmp(w->word, seen) == 0)
			return w->enumerator;
	fprintf(stderr, "%s:%u: unknown %s \"%s\", expected", file, line_number, what, seen);
	for (const struct word *w = words; w->word != NULL; w++)
		fprintf(stderr, "%s %s", w == words ? "" : " or", w->word);
	fputc('\n', stderr);
	exit(1);
}

/* A decimal number without sign, blank or leading zero. */
static unsigned read_number(const char *text, unsigned max, const char *what)
{
	size_t len = strspn(text, "0123456789");
	unsigned long value = len > 0 && len < 5 ? strtoul(text, NULL, 10) : ULONG_MAX;

	if (text[len] != '\0' || (text[0] == '0' && len > 1) || value > max)
		fail("%s \"%s\", expected a number from 0 to %u", what, text, max);
	return (unsigned)value;
}

/* YYYY-MM or YYYY-MM-DD. */
static void check_date(const char *text)
{
	static const char shape[] = "dddd-dd-dd";
	size_t len = strlen(text);
	bool good = len == 7 || len == 10;

	for (size_t i = 0; good && i < len; i++)
		good = shape[i] == 'd' ? strchr("0123456789", text[i]) != NULL : text[i] == '-';
	if (good) {
		int month = atoi(text + 5);
		int day = len == 10 ? atoi(text + 8) : 1;

		good = month >= 1 && month <= 12 && day >= 1 && day <= 31;
	}
	if (!good)
		fail("date \"%s\", expected YYYY-MM or YYYY-MM-DD", text);
}

/* Canonical as af_domain.h has it. */
static void check_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	if (name[len] != '\0')
		fail("name \"%s\" holds '%c', expected lower case A-labels", name, name[len]);
	if (len > AFENCE_DOMAIN_MAX)
		fail("name of %zu bytes, expected at most %d", len, AFENCE_DOMAIN_MAX);
	for (const char *label = name;; label += len + 1) {
		len = strcspn(label, ".");
		if (len == 0 || len > AFENCE_LABEL_MAX)
			fail("name \"%s\" holds a label of %zu bytes, expected 1 to %d", name, len,
				AFENCE_LABEL_MAX);
		if (label[len] == '\0')
			break;
	}
}

static void check_name_row(struct row *row)
{
	check_name(row->column[0]);
	row->class = translate(name_classes, "class", row->column[1]);
	translate(truths, "public", row->column[2]);
	for (size_t i = 0; i < row_count; i++)
		if (strcmp(rows[i].column[0], row->column[0]) == 0)
			fail("second row for \"%s\", expected one", row->column[0]);
}

/* The network of an IPv4 block is kept in mapped form, its prefix counted in 128 bits. */
static void read_block(struct row *row)
{
	char text[AFENCE_ADDRESS_TEXT_MAX];
	char again[AFENCE_ADDRESS_TEXT_MAX];
	size_t len = strcspn(row->column[0], "/");
	bool four = strchr(row->column[0], ':') == NULL;

	snprintf(text, sizeof(text), "%.*s", (int)len, row->column[0]);
	if (four)
		memcpy(row->address, mapped, sizeof(mapped));
	if (row->column[0][len] != '/' ||
		inet_pton(four ? AF_INET : AF_INET6, text, row->address + (four ? 12 : 0)) != 1)
		fail("block \"%s\", expected ADDRESS/PREFIX", row->column[0]);
	if (!four && memcmp(row->address, mapped, sizeof(mapped)) == 0)
		fail("block \"%s\", expected IPv4 in dotted form", row->column[0]);
	row->prefix = read_number(row->column[0] + len + 1, four ? 32 : 128, "prefix length");
	inet_ntop(four ? AF_INET : AF_INET6, row->address + (four ? 12 : 0), again, sizeof(again));
	if (strcmp(text, again) != 0)
		fail("block \"%s\", expected the spelling %s", row->column[0], again);
	row->prefix += four ? 96 : 0;
}

/* A short IPv6 prefix must not swallow the mapped addresses. */
static bool covers_ipv4(const struct row *row)
{
	for (unsigned bit = 0; bit < row->prefix; bit++)
		if ((row->address[bit / 8] ^ mapped[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static void check_bits(const struct row *row)
{
	if (row->prefix <= 96 && covers_ipv4(row))
		fail("block \"%s\" covers all of IPv4, expected less", row->column[0]);
	for (unsigned bit = row->prefix; bit < 128; bit++)
		if (row->address[bit / 8] & (0x80 >> bit % 8))
			fail("block \"%s\" has host bits set, expected none", row->column[0]);
}

/* The embedded address must lie behind the prefix, on a byte boundary. */
static void read_embeds(struct row *row)
{
	char *text = row->column[2];
	char *blank = strchr(text, ' ');

	if (strcmp(row->column[1], "embeds") != 0) {
		if (strcmp(text, "-") != 0)
			fail("embeds \"%s\" for class %s, expected -", text, row->column[1]);
		return;
	}
	row->inverted = blank != NULL && strcmp(blank, " inverted") == 0;
	if (blank != NULL && !row->inverted)
		fail("embeds \"%s\", expected BITS or BITS inverted", text);
	if (blank != NULL)
		*blank = '\0';
	row->embeds = read_number(text, 96, "bit offset");
	if (row->embeds % 8 != 0 || row->embeds < row->prefix || row->embeds == 0)
		fail("bit offset %u, expected a multiple of 8 from the prefix length %u on",
			row->embeds, row->prefix);
}

static void check_address_row(struct row *row)
{
	read_block(row);
	check_bits(row);
	row->class = translate(address_classes, "class", row->column[1]);
	read_embeds(row);
	for (size_t i = 0; i < row_count; i++)
		if (rows[i].prefix == row->prefix &&
			memcmp(rows[i].address, row->address, sizeof(row->address)) == 0)
			fail("second row for \"%s\", expected one", row->column[0]);
}

static void write_names(void)
{
	uint16_t slots[AFENCE_NAME_SLOTS] = {0};

	puts("const struct af_registry_row af_names[] = {");
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];
		size_t len = strlen(row->column[0]);
		uint32_t at = af_hash_bytes(row->column[0], len);

		printf("\t{\"%s\", %zu, %s, %s, \"%s\"},\n", row->column[0], len, row->class,
			translate(truths, "public", row->column[2]), row->column[3]);
		while (slots[at % AFENCE_NAME_SLOTS] != 0)
			at++;
		slots[at % AFENCE_NAME_SLOTS] = (uint16_t)(i + 1);
	}
	printf("};\nconst size_t af_names_count = %zu;\n", row_count);
	puts("const uint16_t af_name_slots[AFENCE_NAME_SLOTS] = {");
	for (size_t i = 0; i < AFENCE_NAME_SLOTS; i++)
		if (slots[i] != 0)
			printf("\t[%zu] = %u,\n", i, slots[i]);
	puts("};");
}

static int compare_blocks(const void *a, const void *b)
{
	const struct row *left = a;
	const struct row *right = b;

	if (left->prefix != right->prefix)
		return left->prefix > right->prefix ? -1 : 1;
	return memcmp(left->address, right->address, sizeof(left->address));
}

static void write_addresses(void)
{
	qsort(rows, row_count, sizeof(rows[0]), compare_blocks);
	puts("const struct af_address_block af_blocks[] = {");
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];

		fputs("\t{{{", stdout);
		for (size_t j = 0; j < sizeof(row->address); j++)
			printf("%s%u", j > 0 ? ", " : "", row->address[j]);
		printf("}}, %u, \"%s\", \"%s\", \"%s\", %s, %u, %s},\n", row->prefix,
			row->column[0], row->column[3], row->column[4], row->class, row->embeds,
			row->inverted ? "true" : "false");
	}
	printf("};\nconst size_t af_blocks_count = %zu;\n", row_count);
}

struct table {
	const char *word;
	const char *header;
	size_t columns;
	void (*check)(struct row *row);
	void (*write)(void);
};

static const struct table tables[] = {
	{"names", "name\tclass\tpublic\tsource\tdate", 5, check_name_row, write_names},
	{"addresses", "block\tclass\tembeds\tname\tsource\tdate", 6, check_address_row,
		write_addresses},
};

/* What stands between the tabs goes into C strings as it is. */
static void split_line(char *line, const struct table *table, struct row *row)
{
	size_t count = 0;

	for (const char *p = line; *p != '\0'; p++)
		if ((*p < ' ' && *p != '\t') || *p > '~' || *p == '"' || *p == '\\')
			fail("byte 0x%02x, expected plain ASCII without \" and \\", (uint8_t)*p);
	for (char *next = line; next != NULL; count++) {
		char *column = strsep(&next, "\t");

		if (*column == '\0')
			fail("column %zu is empty, expected a value", count + 1);
		if (count < COLUMNS_MAX)
			row->column[count] = column;
	}
	if (count != table->columns)
		fail("%zu columns, expected %zu", count, table->columns);
}

static void add_row(const char *line, const struct table *table)
{
	struct row *row = &rows[row_count];
	char *copy = strdup(line); /* the columns point into it, to the end of the run */

	if (copy == NULL || row_count == ROWS_MAX)
		fail("row %zu, expected at most %d and memory for them", row_count + 1, ROWS_MAX);
	split_line(copy, table, row);
	table->check(row);
	check_date(row->column[table->columns - 1]);
	row_count++;
}

static void read_table(FILE *in, const struct table *table)
{
	bool header = false;
	char line[1024];

	while (fgets(line, sizeof(line), in) != NULL) {
		size_t len = strcspn(line, "\n");

		line_number++;
		if (line[len] != '\n')
			fail("NUL byte, no newline or over %zu bytes, expected a line of text",
				sizeof(line) - 2);
		line[len] = '\0';
		if (line[0] == '#')
			continue;
		if (header)
			add_row(line, table);
		else if (strcmp(line, table->header) != 0)
			fail("\"%s\", expected the header \"%s\"", line, table->header);
		header = true;
	}
	if (ferror(in))
		fail("read error, expected a table");
	if (row_count == 0)
		fail("end of file, expected rows");
}

static const struct table *find_table(const char *word)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].word, word) == 0)
			return &tables[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct table *table = argc == 3 ? find_table(argv[1]) : NULL;
	FILE *in;

	if (table == NULL) {
		fputs("usage: registry names|addresses FILE\n", stderr);
		return 2;
	}
	file = argv[2];
	in = fopen(file, "r");
	if (in == NULL) {
		perror(file);
		return 1;
	}
	read_table(in, table);
	fclose(in);
	printf("/* Made from %s by common/registry/generate.c. */\n#include \"af_tables.h\"\n\n",
		table->word);
	table->write();
	if (fflush(stdout) != 0) {
		perror("standard output");
		return 1;
	}
	return 0;
}
