/* SPDX-License-Identifier: MIT */
/*
 * What makes a text a canonical name, and the walk over the suffixes of one.
 *
 * A name is converted label by label, because libidn2 (2.3.3) refuses a name as a whole when one
 * label displeases it, and lets empty labels, blanks and '@' pass: what it returns is checked
 * like any other text, and a bad label on the left cannot hide the labels to its right.
 */
#include "af_domain.h"

#include <idn2.h>
#include <string.h>

#include "af_hash.h"

#define U_LABEL_MAX 1023 /* bytes of a U-label: 63 characters, and room for those that vanish */

/* The canonical form of the bytes '-' to 'z'; a blank for those that no name can hold. */
static const char canonical[] = "-. 0123456789       abcdefghijklmnopqrstuvwxyz"
				"    _ abcdefghijklmnopqrstuvwxyz";

/* RFC 3490 s3.1: what separates labels.  UTS 46 maps the last three to the first. */
static const char *const full_stops[] = {
	".",            /* U+002E */
	"\xe3\x80\x82", /* U+3002 */
	"\xef\xbc\x8e", /* U+FF0E */
	"\xef\xbd\xa1", /* U+FF61 */
};

static char canonical_byte(char byte)
{
	unsigned char i = (unsigned char)(byte - '-');

	return i < sizeof(canonical) - 1 ? canonical[i] : ' ';
}

bool af_domain_byte(char byte)
{
	return canonical_byte(byte) != ' ';
}

static bool is_ascii(const char *text, size_t len)
{
	unsigned char seen = 0;

	for (size_t i = 0; i < len; i++)
		seen |= (unsigned char)text[i];
	return seen < 0x80;
}

static bool label_fits(size_t len)
{
	return len > 0 && len <= AFENCE_LABEL_MAX;
}

/* Writes the canonical form of LEN ASCII bytes to NAME (at least LEN bytes); false if the text is
 * no name. */
static bool copy_name(const char *text, size_t len, char *name)
{
	size_t start = 0; /* of the label */

	for (size_t i = 0; i < len; i++) {
		char byte = canonical_byte(text[i]);

		name[i] = byte;
		if (byte > '.')
			continue; /* letters, digits and '_', nearly always */
		if (byte == ' ' || (byte == '.' && !label_fits(i - start)))
			return false;
		if (byte == '.')
			start = i + 1;
	}
	return label_fits(len - start);
}

/* The length of the full stop that ends TEXT, or 0. */
static size_t full_stop_at_end(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(full_stops) / sizeof(full_stops[0]); i++) {
		size_t width = strlen(full_stops[i]);

		if (len >= width && memcmp(text + len - width, full_stops[i], width) == 0)
			return width;
	}
	return 0;
}

static size_t label_at_end(const char *text, size_t len)
{
	size_t start = len;

	while (start > 0 && full_stop_at_end(text, start) == 0)
		start--;
	return len - start;
}

/* The A-label of a U-label.  libidn2 2.3.3 deletes '_' under IDN2_USE_STD3_ASCII_RULES, so that
 * flag stays off and the result is checked here. */
static enum af_status map_label(
	const char *text, size_t len, char label[AFENCE_LABEL_MAX], size_t *label_len)
{
	char copy[U_LABEL_MAX + 1];
	char *mapped = NULL;
	enum af_status status = AFENCE_ERR_SYNTAX;
	int rc;

	*label_len = 0;
	if (len > U_LABEL_MAX || memchr(text, '\0', len) != NULL)
		return AFENCE_ERR_SYNTAX;
	memcpy(copy, text, len);
	copy[len] = '\0';
	rc = idn2_to_ascii_8z(copy, &mapped, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc == IDN2_MALLOC)
		return AFENCE_ERR_MEMORY;
	if (rc != IDN2_OK)
		return AFENCE_ERR_SYNTAX;
	len = strlen(mapped);
	if (len <= AFENCE_LABEL_MAX && memchr(mapped, '.', len) == NULL &&
		copy_name(mapped, len, label)) {
		*label_len = len;
		status = AFENCE_OK;
	}
	idn2_free(mapped);
	return status;
}

/* An A-label is lower-cased and checked, not decoded: libidn2 would refuse "xn--a.test". */
static enum af_status convert_label(
	const char *text, size_t len, char label[AFENCE_LABEL_MAX], size_t *label_len)
{
	*label_len = 0;
	if (!is_ascii(text, len))
		return map_label(text, len, label, label_len);
	if (len > AFENCE_LABEL_MAX || !copy_name(text, len, label))
		return AFENCE_ERR_SYNTAX;
	*label_len = len;
	return AFENCE_OK;
}

/* Converts labels from the last to the first; *out holds what stands right of the first bad one. */
static enum af_status convert_labels(const char *text, size_t len, struct af_domain *out)
{
	char name[AFENCE_DOMAIN_MAX];
	char label[AFENCE_LABEL_MAX];
	size_t start = sizeof(name), label_len, raw_len;
	enum af_status status;

	for (bool more = true; more;) {
		raw_len = label_at_end(text, len);
		status = convert_label(text + len - raw_len, raw_len, label, &label_len);
		if (status == AFENCE_OK && label_len + (start < sizeof(name)) > start)
			status = AFENCE_ERR_SYNTAX;
		if (status != AFENCE_OK)
			break;
		if (start < sizeof(name))
			name[--start] = '.';
		start -= label_len;
		memcpy(name + start, label, label_len);
		len -= raw_len;
		more = len > 0;
		len -= full_stop_at_end(text, len);
	}
	out->len = (uint8_t)(sizeof(name) - start);
	memcpy(out->name, name + start, out->len);
	out->name[out->len] = '\0';
	return status;
}

enum af_status af_domain_parse(const char *text, size_t len, struct af_domain *out)
{
	enum af_status status = AFENCE_ERR_SYNTAX;
	size_t name_len = len;

	out->len = 0;
	out->name[0] = '\0';
	if (len > 0 && text[len - 1] == '.')
		name_len--;
	if (name_len <= AFENCE_DOMAIN_MAX && copy_name(text, name_len, out->name)) {
		out->len = (uint8_t)name_len;
		out->name[name_len] = '\0';
		return AFENCE_OK;
	}
	if (!is_ascii(text, len))
		status = convert_labels(text, len - full_stop_at_end(text, len), out);
	if (status != AFENCE_OK) {
		out->len = 0;
		out->name[0] = '\0';
	}
	return status;
}

bool af_domain_parse_tail(const char *text, size_t len, struct af_domain *out)
{
	size_t width;

	while ((width = full_stop_at_end(text, len)) > 0)
		len -= width;
	convert_labels(text, len, out);
	return out->len > 0;
}

bool af_domain_equal(const struct af_domain *a, const struct af_domain *b)
{
	return a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

bool af_suffix_next(const struct af_domain *domain, struct af_suffix *it)
{
	const char *p = it->text;

	if (p == NULL) {
		p = domain->name + domain->len;
		it->hash = AFENCE_HASH_START;
	}
	if (p == domain->name)
		return false;
	do
		it->hash = af_hash_step(it->hash, *--p);
	while (p > domain->name && p[-1] != '.');
	it->text = p;
	it->len = (size_t)(domain->name + domain->len - p);
	return true;
}

uint32_t af_hash_name(const char *name, size_t len)
{
	return af_hash_bytes(name, len);
}
