/* SPDX-License-Identifier: MIT */
/*
 * Any words, one a line, as arguments of the PAM module: whatever they are, no more targets are
 * counted than there are places, and each is a whole host or an empty one without a port.  The
 * reader belongs to the module, so it is taken in here, with a log that goes nowhere.
 */
#include "../../plugins/pam/options.c"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
	char line[512];
	va_list list;

	(void)pamh, (void)priority;
	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_options(const struct af_pam_options *options)
{
	require(options->target_count <= AFENCE_PAM_TARGETS + 1);
	for (size_t i = 0; i < options->target_count; i++) {
		const struct af_pam_target *target = &options->target[i];

		require(strnlen(target->host, AFENCE_HOST_MAX) < AFENCE_HOST_MAX);
		require(*target->host != '\0' || target->port == 0);
	}
	require(options->domain == NULL || *options->domain != '\0');
	require(options->service == NULL || *options->service != '\0');
	require(options->has_unknown || !options->unknown_allow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *word[WORDS_MAX];
	struct af_pam_options options;
	int count = 0;

	memcpy(text, data, size);
	text[size] = '\0';
	for (char *next = text; next != NULL && count < WORDS_MAX;
		word[count++] = strsep(&next, "\n"))
		;
	af_pam_options_read(NULL, count, word, &options);
	check_options(&options);
	free(text);
	return 0;
}
