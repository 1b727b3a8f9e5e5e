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

#define BLANKS      " \t" /* a carriage return is part of a word */
#define LINE_MAX_K5 1023
#define SERVICE_MAX 256
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
	struct af_pam_stack *stack;
	size_t room;       /* of the stack's entries */
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
	struct block *block = calloc(1, sizeof(*block) + size);

	if (block == NULL) {
		trouble(reading, AFENCE_ERR_MEMORY, NULL, "out of memory");
		return NULL;
	}
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
	bool broken;     /* the text ended where a line was to go on */
	bool too_long;
};

/* Copies the next physical line without comment and blanks around it; the end of the copy, NULL at
 * the end of the text.  *more: it goes on. */
static char *copy_line(struct cursor *cursor, char *out, bool *more)
{
	size_t len, start = 0, kept;
	const char *line, *comment;

	if (!af_pam_next_line(cursor->text, &cursor->pos, &line, &len))
		return NULL;
	cursor->number++;
	cursor->too_long = cursor->too_long || len > LINE_MAX_K5;
	comment = memchr(line, '#', len);
	kept = comment != NULL ? (size_t)(comment - line) : len;
	while (start < kept && strchr(BLANKS, line[start]) != NULL)
		start++;
	while (kept > start && strchr(BLANKS, line[kept - 1]) != NULL)
		kept--;
	*more = comment == NULL && kept > start && line[kept - 1] == '\\';
	memcpy(out, line + start, kept - start);
	return out + (kept - start);
}

/* The next logical line is put into LINE, which has room for all of the text.  Empty lines and
 * those with a comment alone do not end one that is continued. */
static bool next_line(struct cursor *cursor, char *line)
{
	char *end = line, *next;
	bool more = true;

	while (more && (next = copy_line(cursor, end, &more)) != NULL) {
		if (end == line)
			cursor->first = cursor->number;
		if (more)
			next[-1] = ' ';
		more = more || next == end;
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

static bool read_file(struct reading *reading, const struct frame *outer, const char *path);

/* K8: Debian's libpam looks for a relative name in one folder only, others in all. */
static bool include(struct reading *reading, const struct frame *frame, const char *name)
{
	char path[PATH_MAX];

	if (*name == '/')
		return read_file(reading, frame, name);
	for (size_t i = 0; i < FOLDERS; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folders[i], name) >= sizeof(path))
			break;
		if (read_file(reading, frame, path))
			return true;
	}
	return false;
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

/* LINE lives as long as the stack. */
static void take_entry(
	struct reading *reading, const struct frame *frame, struct af_pam_entry from, char *rest)
{
	struct af_pam_entry *entry;
	size_t index = reading->stack->count;

	from.control = take_word(&rest);
	from.module = take_word(&rest);
	if (strcasecmp(from.control, "include") == 0 && include(reading, frame, from.module))
		return;
	entry = add_entry(reading);
	if (entry == NULL)
		return;
	*entry = from;
	entry->broken = strcasecmp(from.control, "include") == 0;
	entry->substack = strcasecmp(from.control, "substack") == 0;
	take_arguments(reading, entry, rest);
	if (!entry->substack)
		return;
	reading->substack++;
	if (!include(reading, frame, from.module))
		reading->stack->entry[index].broken = true;
	reading->substack--;
}

static void take_include(struct reading *reading, const struct frame *frame, char *rest)
{
	if (!include(reading, frame, take_word(&rest)))
		reading->stack->refused = true;
}

/* -1: no facility. */
static int find_facility(const char *word)
{
	for (int i = 0; i < AFENCE_PAM_FACILITIES; i++)
		if (strcasecmp(word, facility_names[i]) == 0)
			return i;
	return -1;
}

static void take_line(
	struct reading *reading, const struct frame *frame, unsigned number, char *rest)
{
	struct af_pam_entry entry = {
		.file = frame->path, .line = number, .depth = reading->substack};
	const char *word = take_word(&rest);
	int facility;

	if (reading->service != NULL) {
		if (strcasecmp(word, reading->service) != 0)
			return;
		word = take_word(&rest);
	}
	if (strcasecmp(word, "@include") == 0) {
		take_include(reading, frame, rest);
		return;
	}
	entry.silent = *word == '-';
	facility = find_facility(word + entry.silent);
	entry.broken = facility < 0;
	if (facility == (int)reading->facility)
		take_entry(reading, frame, entry, rest);
	else if (entry.broken && reading->facility == AFENCE_PAM_AUTH)
		take_entry(reading, frame, entry, rest);
}

/* The lines of a file that is open. */
static void read_lines(
	struct reading *reading, const struct frame *frame, const struct af_pam_text *text)
{
	struct cursor cursor = {.text = text};
	char *line = malloc(text->len + 1), *kept;

	if (line == NULL) {
		trouble(reading, AFENCE_ERR_MEMORY, NULL, "out of memory");
		return;
	}
	while (next_line(&cursor, line)) {
		kept = keep(reading, strlen(line) + 1);
		if (kept == NULL)
			break;
		take_line(reading, frame, cursor.first, strcpy(kept, line));
	}
	if (cursor.broken)
		reading->stack->refused = true;
	if (cursor.too_long)
		trouble(reading, AFENCE_ERR_LIMIT, frame->path,
			"a line of more than 1023 bytes, which not all versions of libpam read alike");
	explicit_bzero(line, text->len);
	free(line);
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

/* False: it is not there. */
static bool read_file(struct reading *reading, const struct frame *outer, const char *path)
{
	struct frame frame = {outer, NULL, outer != NULL ? outer->depth + 1 : 0};
	struct af_pam_text text;
	enum af_status status;

	if (frame.depth > AFENCE_PAM_DEPTH_MAX || is_within_itself(outer, path) ||
		reading->opened == AFENCE_PAM_FILES_MAX) {
		trouble(reading, AFENCE_ERR_LIMIT, keep_string(reading, path),
			"included too deeply or too often, perhaps by itself");
		return true;
	}
	status = reading->files->read(reading->files->context, path, AFENCE_PAM_STACK, &text);
	if (status == AFENCE_ERR_ABSENT)
		return false;
	reading->opened++;
	frame.path = keep_string(reading, path);
	if (frame.path != NULL && status != AFENCE_OK)
		trouble(reading, status, frame.path, af_strerror(status));
	if (frame.path != NULL && status == AFENCE_OK)
		read_lines(reading, &frame, &text);
	af_pam_text_free(&text);
	return true;
}

static bool folder_is_there(const struct reading *reading, const char *folder)
{
	struct af_pam_list list;
	enum af_status status = reading->files->list(reading->files->context, folder, &list);

	af_pam_list_free(&list);
	return status != AFENCE_ERR_ABSENT;
}

/* K2 and K4. */
static void read_service(struct reading *reading, const char *service, const char *confdir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < (confdir != NULL ? 1 : FOLDERS); i++) {
		const char *folder = confdir != NULL ? confdir : folders[i];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, service) < sizeof(path) &&
			read_file(reading, NULL, path))
			return;
	}
	if (confdir != NULL || folder_is_there(reading, folders[0]) ||
		folder_is_there(reading, folders[1]))
		return;
	reading->service = service;
	read_file(reading, NULL, "/etc/pam.conf");
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
	if (!read_file(&reading, NULL, path))
		trouble(&reading, AFENCE_ERR_ABSENT, NULL, af_strerror(AFENCE_ERR_ABSENT));
}

void af_pam_stack_free(struct af_pam_stack *stack)
{
	struct block *block = stack->memory, *next;

	for (; block != NULL; block = next) {
		next = block->next;
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
