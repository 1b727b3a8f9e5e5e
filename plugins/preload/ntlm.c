/* SPDX-License-Identifier: MIT */
/*
 * NTLM's third message (MS-NLMP s2.2.1.3), as it comes by: where domain and user stand is said in
 * its first 64 bytes, and nothing but these two ranges is kept.  A message in a wrapper (SPNEGO,
 * RFC 4178) is found by its signature.
 */
#include "sasl.h"

/* Offsets in the message. */
enum {
	SIGNATURE_END = 8,
	FIELDS = 12, /* five of length, room and offset: LM, NT, domain, user, workstation */
	FIELD_SIZE = 8,
	FIELDS_END = 52,
	FLAGS = 60, /* older clients leave them out, and begin with the text at FIELDS_END */
	FLAGS_END = 64,
};

/* Starts again at each 'N': it stands nowhere else in the signature. */
static void find_signature(struct af_ntlm *ntlm, unsigned char byte)
{
	static const char signature[SIGNATURE_END] = "NTLMSSP";

	if (byte != (unsigned char)signature[ntlm->position])
		ntlm->position = 0;
	if (byte == (unsigned char)signature[ntlm->position])
		ntlm->position++;
}

static void read_field(struct af_ntlm *ntlm, unsigned at, unsigned char byte)
{
	const unsigned field = (at - FIELDS) / FIELD_SIZE, pos = (at - FIELDS) % FIELD_SIZE;

	if (pos == 0)
		ntlm->field = (struct af_ntlm_range){0, 0};
	if (pos < 2)
		ntlm->field.len |= (unsigned)byte << 8 * pos;
	else if (pos >= 4)
		ntlm->field.offset |= (unsigned)byte << 8 * (pos - 4);
	if (pos != FIELD_SIZE - 1)
		return;
	if (field == 0)
		ntlm->first = UINT32_MAX;
	if (ntlm->field.len > 0 && ntlm->field.offset < ntlm->first)
		ntlm->first = ntlm->field.offset;
	if (field == 2)
		ntlm->domain = ntlm->field;
	if (field == 3)
		ntlm->user = ntlm->field;
}

/* Nothing is to be had of another message than the third, of one without a user, and of one whose
 * text lies where none can or where the stream would not be read any more. */
static bool is_usable(const struct af_ntlm *ntlm)
{
	return ntlm->user.len > 0 && ntlm->first >= FIELDS_END &&
	       ntlm->user.offset < AFENCE_STREAM_BYTES &&
	       (ntlm->domain.len == 0 || ntlm->domain.offset < AFENCE_STREAM_BYTES);
}

/* step: READ, and SKIP once the rest of this message is of no use; the next may be. */
enum { READ, SKIP };

static void read_header(struct af_sasl_exchange *x, unsigned at, unsigned char byte)
{
	static const unsigned char third[FIELDS - SIGNATURE_END] = {3, 0, 0, 0};

	if (at < FIELDS)
		x->step = byte == third[at - SIGNATURE_END] ? READ : SKIP;
	else if (at < FIELDS_END)
		read_field(&x->ntlm, at, byte);
	else if (at == FLAGS && x->ntlm.first >= FLAGS_END)
		x->ntlm.unicode = (byte & 1) != 0;
	if (at == FIELDS_END - 1 && !is_usable(&x->ntlm))
		x->step = SKIP;
}

/* U+0000 to U+10FFFF as UTF-8. */
static void push_character(char *text, size_t *len, unsigned character)
{
	static const struct {
		unsigned below;
		unsigned char lead;
	} rows[] = {{0x80, 0}, {0x800, 0xc0}, {0x10000, 0xe0}, {0x110000, 0xf0}};
	unsigned more = 0;

	while (character >= rows[more].below)
		more++;
	af_text_push(text, len, (unsigned char)(rows[more].lead | character >> 6 * more));
	while (more-- > 0)
		af_text_push(text, len, (unsigned char)(0x80 | (character >> 6 * more & 0x3f)));
}

/* A unit of UTF-16; half a pair becomes a byte that UTF-8 does not have. */
static void push_unit(struct af_ntlm *ntlm, char *text, size_t *len, unsigned unit)
{
	const unsigned high = ntlm->high;

	ntlm->high = 0;
	if (unit >= 0xd800 && unit < 0xdc00)
		ntlm->high = (unsigned short)unit;
	else if (unit < 0xd800 || unit >= 0xe000)
		push_character(text, len, unit);
	else if (high != 0)
		push_character(text, len, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
	else
		af_text_push(text, len, 0xff);
}

/* BYTE stands at AT; if that is in RANGE, it belongs to the text. */
static void read_text(struct af_ntlm *ntlm, const struct af_ntlm_range *range, unsigned at,
	unsigned char byte, char *text, size_t *len)
{
	if (at < range->offset || at - range->offset >= range->len)
		return;
	if (at == range->offset)
		ntlm->half = false;
	if (!ntlm->unicode) {
		af_text_push(text, len, byte);
		return;
	}
	ntlm->half = !ntlm->half;
	if (ntlm->half)
		ntlm->low = byte;
	else
		push_unit(ntlm, text, len, (unsigned)(ntlm->low | byte << 8));
}

/* Domain and user are whole. */
static bool finish(struct af_sasl_exchange *x, struct af_seen *seen)
{
	char *text = seen->login[0].text;
	size_t *len = &seen->login[0].len;

	if (*len > 0)
		af_text_push(text, len, '\\');
	for (size_t i = 0; i < x->len; i++)
		af_text_push(text, len, (unsigned char)x->text[i]);
	x->done = true;
	return af_exchange_tell(x, seen, AFENCE_FORM_NTLM);
}

static unsigned end_of(const struct af_ntlm_range *range)
{
	return range->len > 0 ? range->offset + range->len : 0;
}

bool af_ntlm_byte(struct af_sasl_exchange *x, unsigned char byte, struct af_seen *seen)
{
	struct af_ntlm *ntlm = &x->ntlm;
	const unsigned at = ntlm->position;

	if (x->step == SKIP)
		return false;
	if (at < SIGNATURE_END) {
		find_signature(ntlm, byte);
		return false;
	}
	ntlm->position++;
	if (at < FLAGS_END)
		read_header(x, at, byte);
	if (at < FIELDS_END || x->step == SKIP)
		return false;
	read_text(ntlm, &ntlm->domain, at, byte, seen->login[0].text, &seen->login[0].len);
	read_text(ntlm, &ntlm->user, at, byte, x->text, &x->len);
	if (at + 1 < end_of(&ntlm->domain) || at + 1 < end_of(&ntlm->user))
		return false;
	return finish(x, seen);
}
