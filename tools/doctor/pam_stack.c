/* SPDX-License-Identifier: MIT */
/*
 * The form of the files is that of pam.d(5) and of libpam 1.5: "#" ends a line wherever it stands,
 * also within brackets, and takes a backslash at the end with it; a field in brackets may hold
 * blanks; type and keywords are read in any case.  Relative names of included files are those of
 * /etc/pam.d, as in Debian.
 */
#include "pam_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../memory.h"

#define FILES_MAX 256   /* of one stack; one that includes itself ends there */
#define BLANKS    " \t" /* a carriage return is part of a word */

struct reading {
	const struct af_root *root;
	struct af_pam_stack *stack;
	struct af_names *included;
	unsigned files; /* read so far */
	unsigned depth;
};

static void read_file(struct reading *reading, const char *path);

/* A file being read, line by line. */
struct cursor {
	const char *text;
	unsigned number; /* of the line read last */
	unsigned first;  /* line where the logical line began */
	bool broken;     /* the text ended where a line was to go on */
};

/* Copies the next physical line without comment and blanks around it.  *more: it goes on. */
static char *copy_line(struct cursor *cursor, char *out, bool *more)
{
	size_t length = strcspn(cursor->text, "\n"), kept = strcspn(cursor->text, "#\n");
	size_t start = strspn(cursor->text, BLANKS);
	bool commented = cursor->text[kept] == '#';

	while (kept > start && strchr(BLANKS, cursor->text[kept - 1]) != NULL)
		kept--;
	*more = !commented && kept > start && cursor->text[kept - 1] == '\\';
	memcpy(out, cursor->text + start, kept - start);
	cursor->text += length + (cursor->text[length] != '\0');
	cursor->number++;
	return out + (kept - start);
}

/* The next logical line is put into LINE, which has room for all of the text.  Empty lines and
 * those with a comment alone do not end one that is continued. */
static bool next_line(struct cursor *cursor, char *line)
{
	char *end = line, *next;
	bool more = true;

	while (more && *cursor->text != '\0') {
		next = copy_line(cursor, end, &more);
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

static void add_line(struct reading *reading, const struct af_pam_line *line)
{
	struct af_pam_stack *stack = reading->stack;

	stack->line = af_grow(stack->line, stack->count, 1, &stack->room, sizeof(*stack->line));
	stack->line[stack->count++] = *line;
}

static void note_trouble(struct reading *reading, char *trouble)
{
	if (reading->stack->trouble == NULL)
		reading->stack->trouble = trouble;
	else
		free(trouble);
}

static void include(struct reading *reading, const char *name)
{
	char *path = *name == '/' ? af_format("%s", name) : af_format("/etc/pam.d/%s", name);

	af_names_add(reading->included, af_format("%s", path));
	if (reading->files == FILES_MAX)
		note_trouble(
			reading, af_format("%s is included too often, perhaps by itself", path));
	else
		read_file(reading, path);
	free(path);
}

static void take_auth(struct reading *reading, const char *file, unsigned number, char *rest)
{
	const char *control = take_word(&rest), *module = take_word(&rest);
	bool substack = strcasecmp(control, "substack") == 0;

	if (strcasecmp(control, "include") == 0) {
		include(reading, module);
		return;
	}
	add_line(reading, &(struct af_pam_line){
				  .file = af_format("%s", file),
				  .number = number,
				  .depth = reading->depth,
				  .control = af_format("%s", control),
				  .module = af_format("%s", module),
				  .arguments = af_format("%s", rest + strspn(rest, BLANKS)),
				  .substack = substack,
			  });
	if (!substack)
		return;
	reading->depth++;
	include(reading, module);
	reading->depth--;
}

static void take_line(struct reading *reading, const char *file, unsigned number, char *line)
{
	const char *type = take_word(&line);

	if (strcasecmp(type, "@include") == 0)
		include(reading, take_word(&line));
	else if (strcasecmp(type + (*type == '-'), "auth") == 0)
		take_auth(reading, file, number, line);
}

static const char *reason_of(enum af_status status)
{
	return status == AFENCE_ERR_SYSTEM ? strerror(errno) : af_strerror(status);
}

static void read_file(struct reading *reading, const char *path)
{
	struct cursor cursor = {0};
	char *text, *line;
	enum af_status status = af_root_read(reading->root, path, &text);

	if (status != AFENCE_OK) {
		reading->stack->unread |= status == AFENCE_ERR_SYSTEM;
		note_trouble(reading, af_format("%s: %s", path, reason_of(status)));
		return;
	}
	reading->files++;
	line = af_new(strlen(text) + 1, 1);
	for (cursor.text = text; next_line(&cursor, line);)
		take_line(reading, path, cursor.first, line);
	if (cursor.broken)
		note_trouble(reading, af_format("%s ends where a line was to go on", path));
	free(line);
	free(text);
}

void af_doctor_stack_read(const struct af_root *root, const char *path, struct af_pam_stack *out,
	struct af_names *included)
{
	struct reading reading = {.root = root, .stack = out, .included = included};

	memset(out, 0, sizeof(*out));
	read_file(&reading, path);
}

void af_doctor_stack_free(struct af_pam_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		free(stack->line[i].file);
		free(stack->line[i].control);
		free(stack->line[i].module);
		free(stack->line[i].arguments);
	}
	free(stack->line);
	free(stack->trouble);
	memset(stack, 0, sizeof(*stack));
}

bool af_pam_line_runs(const struct af_pam_line *line, const char *name)
{
	const char *slash = strrchr(line->module, '/');
	const char *base = slash != NULL ? slash + 1 : line->module;
	size_t length = strlen(name);

	return !line->substack && strncmp(base, name, length) == 0 &&
	       strcmp(base + length, ".so") == 0;
}
