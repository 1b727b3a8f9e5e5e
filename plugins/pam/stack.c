/* SPDX-License-Identifier: MIT */
/*
 * Reads what libpam has read (K1 to K11).  An entry that libpam would not have does no harm here, one
 * that is missed may hide a server: whatever can not be followed to its end is trouble.
 */
#include "stack.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS      " \t\n" /* a carriage return is part of a word */
#define LINE_ROOM   1023    /* of libpam 1.5, for a line with all that it goes on with */
#define SERVICE_MAX 256
#define KEPT_MAX    (4 * 1024 * 1024) /* bytes */
#define MAIN_FOLDER "/etc/pam.d"

static const char *const folders[] = {
	MAIN_FOLDER, "/usr/lib/pam.d", "/usr/share/pam/pam.d", "/usr/etc/pam.d"};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

static const char *const facility_names[AFENCE_PAM_FACILITIES] = {
	[AFENCE_PAM_AUTH] = "auth",
	[AFENCE_PAM_ACCOUNT] = "account",
	[AFENCE_PAM_PASSWORD] = "password",
	[AFENCE_PAM_SESSION] = "session",
};

/* What the entries point into. */
struct block {
	struct block *next;
	size_t size;
	char bytes[];
};

/* A file under way, and the one that includes it. */
struct frame {
	const struct frame *outer;
	const char *path;
	unsigned depth; /* of files */
};

struct reading {
	const struct af_pam_files *files;
	enum af_pam_facility facility;
	const char *service; /* first word of the lines, as in pam.conf; NULL: there is none */
	bool one_facility;   /* an include that named the facility leads here */
	struct af_pam_stack *stack;
	size_t room;       /* of the stack's entries */
	size_t kept;       /* bytes */
	unsigned substack; /* depth */
	unsigned opened;   /* files */
};

const char *af_pam_facility_string(enum af_pam_facility facility)
{
	return facility_names[facility];
}

static void trouble(
	struct reading *reading, enum af_status status, const char *file, const char *text)
{
	struct af_pam_stack *stack = reading->stack;

	if (stack->trouble != AFENCE_OK)
		return;
	stack->trouble = status;
	stack->trouble_file = file;
	stack->trouble_text = text;
}

/* Cleared memory that lives as long as the stack; NULL is trouble. */
static void *keep(struct reading *reading, size_t size)
{
	struct block *block = NULL;

	if (size > KEPT_MAX - reading->kept) {
		trouble(reading, AFENCE_ERR_LIMIT, NULL, "too much text");
		return NULL;
	}
	block = calloc(1, sizeof(*block) + size);
	if (block == NULL) {
		trouble(reading, AFENCE_ERR_MEMORY, NULL, "out of memory");
		return NULL;
	}
	reading->kept += size;
	block->size = size;
	block->next = reading->stack->memory;
	reading->stack->memory = block;
	return block->bytes;
}

static struct af_pam_entry *add_entry(struct reading *reading)
{
	struct af_pam_stack *stack = reading->stack;
	size_t room = reading->room == 0 ? 16 : 2 * reading->room;
	struct af_pam_entry *grown;

	if (stack->count == AFENCE_PAM_ENTRIES_MAX) {
		trouble(reading, AFENCE_ERR_LIMIT, NULL, "too many lines");
		return NULL;
	}
	if (stack->count == reading->room) {
		grown = realloc(stack->entry, room * sizeof(*grown));
		if (grown == NULL) {
			trouble(reading, AFENCE_ERR_MEMORY, NULL, "out of memory");
			return NULL;
		}
		stack->entry = grown;
		reading->room = room;
	}
	return memset(&stack->entry[stack->count++], 0, sizeof(*stack->entry));
}

/* A file being read, line by line. */
struct cursor {
	const struct af_pam_text *text;
	size_t pos;
	unsigned number; /* of the line read last */
	unsigned first;  /* line where the logical line began */
	size_t used;     /* of libpam's room for it */
	bool broken;     /* the text ended where a line was to go on */
	bool too_long;
};

/* Copies the next physical line without its comment; the end of the copy, OUT itself if there is
 * nothing in the line, NULL at the end of the text.  *more: it goes on.  All else stays, since a
 * bracket that is never shut has the blanks and the newline behind it in it. */
static char *copy_line(struct cursor *cursor, char *out, bool *more)
{
	const char *line, *comment;
	size_t len, kept;

	if (!af_pam_next_line(cursor->text, &cursor->pos, &line, &len))
		return NULL;
	cursor->number++;
	cursor->too_long = cursor->too_long || cursor->used + len >= LINE_ROOM;
	comment = memchr(line, '#', len);
	for (kept = comment != NULL ? (size_t)(comment - line) : len; kept > 0; kept--)
		if (strchr(BLANKS, line[kept - 1]) == NULL)
			break;
	if (kept == 0)
		return out;
	*more = comment == NULL && line[kept - 1] == '\\';
	if (comment != NULL)
		kept = (size_t)(comment - line);
	else if (!*more)
		kept = len + (line + len < cursor->text->bytes + cursor->text->len);
	cursor->used += kept;
	memcpy(out, line, kept);
	return out + kept;
}

/* The next logical line is put into LINE, which has room for all of the text.  Empty lines and
 * those with a comment alone do not end one that is continued. */
static bool next_line(struct cursor *cursor, char *line)
{
	char *end = line, *next;
	bool more = true;

	cursor->used = 0;
	while (more && (next = copy_line(cursor, end, &more)) != NULL) {
		if (end == line)
			cursor->first = cursor->number;
		if (more && next > end)
			next[-1] = ' ';
		end = next;
	}
	*end = '\0';
	cursor->broken = cursor->broken || (more && end > line);
	return end > line;
}

/* "[a b\]c]" is the word "a b]c". */
static char *take_brackets(char **cursor)
{
	char *word = ++*cursor, *end = word;

	for (; **cursor != '\0' && **cursor != ']'; ++*cursor) {
		if (**cursor == '\\' && (*cursor)[1] == ']')
			++*cursor;
		*end++ = **cursor;
	}
	if (**cursor != '\0')
		++*cursor;
	*end = '\0';
	return word;
}

/* The next field of a line, which is changed; "" at its end. */
static char *take_word(char **cursor)
{
	char *word;

	*cursor += strspn(*cursor, BLANKS);
	if (**cursor == '[')
		return take_brackets(cursor);
	word = *cursor;
	*cursor += strcspn(*cursor, BLANKS);
	if (**cursor != '\0')
		*(*cursor)++ = '\0';
	return word;
}

/* How libpam fares with a file. */
enum outcome { READ, ABSENT, FAILED };

static enum outcome read_file(struct reading *reading, const struct frame *outer, const char *path);

/* K8: Debian's libpam looks for a relative name in one folder only, others in all. */
static enum outcome find_file(struct reading *reading, const struct frame *frame, const char *name)
{
	char path[PATH_MAX];
	enum outcome outcome = ABSENT;

	if (*name == '/')
		return read_file(reading, frame, name);
	for (size_t i = 0; *name != '\0' && i < FOLDERS && outcome == ABSENT; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folders[i], name) >= sizeof(path))
			break;
		outcome = read_file(reading, frame, path);
	}
	return outcome;
}

/* What is included has no column of services, not even by pam.conf.  False: libpam would not have
 * been content with it. */
static bool include(struct reading *reading, const struct frame *frame, const char *name)
{
	const char *service = reading->service;
	enum outcome outcome;

	reading->service = NULL;
	outcome = find_file(reading, frame, name);
	reading->service = service;
	return outcome == READ;
}

/* The same of one facility. */
static bool include_facility(struct reading *reading, const struct frame *frame, const char *name)
{
	bool outer = reading->one_facility, done;

	reading->one_facility = true;
	done = include(reading, frame, name);
	reading->one_facility = outer;
	return done;
}

static size_t count_words(const char *text)
{
	size_t count = 0;

	for (text += strspn(text, BLANKS); *text != '\0'; text += strspn(text, BLANKS)) {
		text += strcspn(text, BLANKS);
		count++;
	}
	return count;
}

/* A bracket may join words, never make more of them than blanks do, but "[a][b]" does. */
static void take_arguments(struct reading *reading, struct af_pam_entry *entry, char *rest)
{
	size_t room = count_words(rest);

	for (const char *p = rest; *p != '\0'; p++)
		room += *p == '[';
	entry->argument = keep(reading, (room + 1) * sizeof(*entry->argument));
	if (entry->argument == NULL)
		return;
	rest += strspn(rest, BLANKS);
	while (*rest != '\0' && entry->count < room) {
		entry->argument[entry->count++] = take_word(&rest);
		rest += strspn(rest, BLANKS);
	}
}

/* A substack that cannot be had is an entry, and one that fails. */
static void take_substack(
	struct reading *reading, const struct frame *frame, const struct af_pam_entry *from)
{
	struct af_pam_entry *entry = add_entry(reading);
	bool done;

	if (entry == NULL)
		return;
	*entry = *from;
	entry->broken = false;
	entry->substack = true;
	reading->substack++;
	done = include_facility(reading, frame, from->module);
	reading->substack--;
	entry = done ? NULL : add_entry(reading);
	if (entry == NULL)
		return;
	*entry = *from;
	entry->broken = true;
}

/* What the fields point to lives as long as the stack. */
static void take_entry(
	struct reading *reading, const struct frame *frame, struct af_pam_entry from, char *rest)
{
	bool included;
	struct af_pam_entry *entry;

	from.control = take_word(&rest);
	from.module = take_word(&rest);
	included = strcasecmp(from.control, "include") == 0;
	if (strcasecmp(from.control, "substack") == 0) {
		take_substack(reading, frame, &from);
		return;
	}
	if (included && include_facility(reading, frame, from.module))
		return;
	entry = add_entry(reading);
	if (entry == NULL)
		return;
	*entry = from;
	entry->broken = from.broken || included || *from.module == '\0';
	take_arguments(reading, entry, rest);
}

/* -1: no facility. */
static int find_facility(const char *word)
{
	for (int i = 0; i < AFENCE_PAM_FACILITIES; i++)
		if (strcasecmp(word, facility_names[i]) == 0)
			return i;
	return -1;
}

/* Debian's libpam gives up where this fails.  Told to look for one facility it goes on instead, with
 * an entry whose control nobody has set: it may jump anywhere. */
static bool take_include(struct reading *reading, const struct frame *frame, char *rest)
{
	if (include(reading, frame, take_word(&rest)))
		return true;
	if (reading->one_facility)
		trouble(reading, AFENCE_ERR_SYNTAX, frame->path,
			"an @include that cannot be had, in a file that another includes");
	return reading->one_facility;
}

/* What libpam does not understand it takes for the facility that it was told to look for, else for
 * auth. */
static bool is_wanted(const struct reading *reading, int facility)
{
	if (facility < 0)
		return reading->one_facility || reading->facility == AFENCE_PAM_AUTH;
	return facility == (int)reading->facility;
}

/* False: libpam would give up the file here. */
static bool take_line(
	struct reading *reading, const struct frame *frame, unsigned number, char *rest)
{
	struct af_pam_entry entry = {
		.file = frame->path,
		.line = number,
		.facility = reading->facility,
		.depth = reading->substack,
	};
	const char *word = take_word(&rest);
	int facility;

	if (reading->service != NULL) {
		if (strcasecmp(word, reading->service) != 0)
			return true;
		word = take_word(&rest);
	}
	entry.silent = *word == '-';
	word += entry.silent;
	if (strcasecmp(word, "@include") == 0)
		return take_include(reading, frame, rest);
	facility = find_facility(word);
	entry.broken = facility < 0;
	if (is_wanted(reading, facility))
		take_entry(reading, frame, entry, rest);
	return true;
}

/* The lines of a file that is open; also those behind one that libpam stops at. */
static enum outcome read_lines(
	struct reading *reading, const struct frame *frame, const struct af_pam_text *text)
{
	struct cursor cursor = {.text = text};
	char *line = malloc(text->len + 1), *kept;
	bool done = true;

	if (line == NULL) {
		trouble(reading, AFENCE_ERR_MEMORY, NULL, "out of memory");
		return READ;
	}
	while (next_line(&cursor, line)) {
		kept = keep(reading, strlen(line) + 1);
		if (kept == NULL)
			break;
		done = take_line(reading, frame, cursor.first, strcpy(kept, line)) && done;
	}
	if (cursor.too_long)
		trouble(reading, AFENCE_ERR_LIMIT, frame->path,
			"a line of more than 1022 bytes, which not all versions of libpam read alike");
	explicit_bzero(line, text->len);
	free(line);
	return done && !cursor.broken ? READ : FAILED;
}

static bool is_within_itself(const struct frame *frame, const char *path)
{
	for (; frame != NULL; frame = frame->outer)
		if (strcmp(frame->path, path) == 0)
			return true;
	return false;
}

static char *keep_string(struct reading *reading, const char *text)
{
	char *kept = keep(reading, strlen(text) + 1);

	return kept != NULL ? strcpy(kept, text) : NULL;
}

static enum outcome read_file(struct reading *reading, const struct frame *outer, const char *path)
{
	struct frame frame = {outer, NULL, outer != NULL ? outer->depth + 1 : 0};
	struct af_pam_text text;
	enum af_status status;
	enum outcome outcome = READ;

	if (frame.depth > AFENCE_PAM_DEPTH_MAX || is_within_itself(outer, path) ||
		reading->opened == AFENCE_PAM_FILES_MAX) {
		trouble(reading, AFENCE_ERR_LIMIT, keep_string(reading, path),
			"included too deeply or too often, perhaps by itself");
		return READ;
	}
	status = reading->files->read(reading->files->context, path, AFENCE_PAM_STACK, &text);
	if (status == AFENCE_ERR_ABSENT)
		return ABSENT;
	reading->opened++;
	frame.path = keep_string(reading, path);
	if (frame.path != NULL && status != AFENCE_OK)
		trouble(reading, status, frame.path, af_strerror(status));
	if (frame.path != NULL && status == AFENCE_OK)
		outcome = read_lines(reading, &frame, &text);
	af_pam_text_free(&text);
	return outcome;
}

static bool folder_is_there(const struct reading *reading, const char *folder)
{
	struct af_pam_list list;
	enum af_status status = reading->files->list(reading->files->context, folder, &list);

	af_pam_list_free(&list);
	return status != AFENCE_ERR_ABSENT;
}

/* A file that is the service's own. */
static enum outcome read_main(struct reading *reading, const char *path)
{
	enum outcome outcome = read_file(reading, NULL, path);

	reading->stack->refused = reading->stack->refused || outcome == FAILED;
	return outcome;
}

/* K2 and K4. */
static void read_service(struct reading *reading, const char *service, const char *confdir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < (confdir != NULL ? 1 : FOLDERS); i++) {
		const char *folder = confdir != NULL ? confdir : folders[i];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, service) < sizeof(path) &&
			read_main(reading, path) != ABSENT)
			return;
	}
	if (confdir != NULL || folder_is_there(reading, folders[0]) ||
		folder_is_there(reading, folders[1]))
		return;
	reading->service = service;
	read_main(reading, "/etc/pam.conf");
	reading->service = NULL;
}

/* K1; false: libpam would not take it for a name. */
static bool read_name(const char *service, char out[SERVICE_MAX])
{
	const char *slash = strrchr(service, '/'), *name = slash != NULL ? slash + 1 : service;
	size_t len = strlen(name);

	if (len == 0 || len >= SERVICE_MAX || *name == '.')
		return false;
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
	return true;
}

void af_pam_stack_read(const struct af_pam_files *files, const char *service, const char *confdir,
	enum af_pam_facility facility, struct af_pam_stack *out)
{
	struct reading reading = {.files = files, .facility = facility, .stack = out};
	char name[SERVICE_MAX];

	memset(out, 0, sizeof(*out));
	if (service == NULL || !read_name(service, name)) {
		trouble(&reading, AFENCE_ERR_SYNTAX, NULL, "no name of a service");
		return;
	}
	read_service(&reading, name, confdir);
	if (out->count == 0)
		read_service(&reading, "other", confdir);
}

void af_pam_stack_read_file(const struct af_pam_files *files, const char *path,
	enum af_pam_facility facility, struct af_pam_stack *out)
{
	struct reading reading = {.files = files, .facility = facility, .stack = out};

	memset(out, 0, sizeof(*out));
	if (read_main(&reading, path) == ABSENT)
		trouble(&reading, AFENCE_ERR_ABSENT, NULL, af_strerror(AFENCE_ERR_ABSENT));
}

static void take_trouble(struct af_pam_stack *stack, const struct af_pam_stack *from)
{
	stack->refused = stack->refused || from->refused;
	if (stack->trouble != AFENCE_OK)
		return;
	stack->trouble = from->trouble;
	stack->trouble_file = from->trouble_file;
	stack->trouble_text = from->trouble_text;
}

static void take_memory(struct af_pam_stack *stack, struct af_pam_stack *from)
{
	struct block *last = from->memory;

	if (last == NULL)
		return;
	while (last->next != NULL)
		last = last->next;
	last->next = stack->memory;
	stack->memory = from->memory;
	from->memory = NULL;
}

void af_pam_stack_append(struct af_pam_stack *stack, struct af_pam_stack *more)
{
	size_t count = stack->count + more->count;
	struct af_pam_entry *grown = NULL;

	if (more->count > 0)
		grown = realloc(stack->entry, count * sizeof(*grown));
	if (grown != NULL) {
		memcpy(grown + stack->count, more->entry, more->count * sizeof(*grown));
		stack->entry = grown;
		stack->count = count;
	} else if (more->count > 0 && more->trouble == AFENCE_OK) {
		more->trouble = AFENCE_ERR_MEMORY;
		more->trouble_text = "out of memory";
	}
	take_trouble(stack, more);
	take_memory(stack, more);
	af_pam_stack_free(more);
}

void af_pam_stack_free(struct af_pam_stack *stack)
{
	struct block *block = stack->memory, *next;

	for (; block != NULL; block = next) {
		next = block->next;
		explicit_bzero(block->bytes, block->size); /* "secret=", "passwd=" */
		free(block);
	}
	free(stack->entry);
	memset(stack, 0, sizeof(*stack));
}

const char *af_pam_entry_name(const struct af_pam_entry *entry)
{
	const char *slash = strrchr(entry->module, '/');

	return slash != NULL ? slash + 1 : entry->module;
}

const char *af_pam_entry_value(const struct af_pam_entry *entry, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = entry->count; i > 0; i--)
		if (strncmp(entry->argument[i - 1], key, len) == 0)
			return entry->argument[i - 1] + len;
	return NULL;
}

bool af_pam_entry_has(const struct af_pam_entry *entry, const char *word)
{
	for (size_t i = 0; i < entry->count; i++)
		if (strcmp(entry->argument[i], word) == 0)
			return true;
	return false;
}

bool af_pam_entry_says(const struct af_pam_entry *entry, const char *word)
{
	for (size_t i = 0; i < entry->count; i++)
		if (strcasecmp(entry->argument[i], word) == 0)
			return true;
	return false;
}
