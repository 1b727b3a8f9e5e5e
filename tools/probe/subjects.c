/* SPDX-License-Identifier: MIT */
#include "subjects.h"

#include <stdlib.h>
#include <string.h>

#include "../memory.h"
#include "af_registry.h"

static bool is_asked(const struct af_subjects *subjects, const struct af_domain *domain)
{
	for (size_t i = 0; i < subjects->count; i++)
		if (af_domain_equal(&subjects->subject[i].domain, domain))
			return true;
	return false;
}

static bool cannot_exist(const struct af_registry_row *row)
{
	return row != NULL &&
	       (row->class == AFENCE_NAME_DOCUMENTATION || row->class == AFENCE_NAME_TESTING);
}

void af_subjects_add(struct af_subjects *subjects, const struct af_domain *domain)
{
	const struct af_registry_row *row = af_registry_match(domain);
	struct af_subject *subject;

	if (is_asked(subjects, domain))
		return;
	subjects->subject = af_grow(
		subjects->subject, subjects->count, 1, &subjects->room, sizeof(*subjects->subject));
	subject = &subjects->subject[subjects->count++];
	subject->domain = *domain;
	subject->strict = cannot_exist(row);
	subject->zone = row != NULL && row->public_dns && row->len == domain->len;
}

void af_subjects_add_registry(struct af_subjects *subjects)
{
	struct af_domain domain;
	size_t count;
	const struct af_registry_row *row = af_registry_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (cannot_exist(&row[i]) &&
			af_domain_parse(row[i].name, row[i].len, &domain) == AFENCE_OK)
			af_subjects_add(subjects, &domain);
}

void af_subjects_add_reserved(struct af_subjects *subjects, const struct af_policy *policy)
{
	const struct af_image *image = af_policy_image(policy);
	const struct af_image_rule *rule;
	const char *name;
	struct af_domain domain;
	size_t count = 0, taken = 0;

	rule = image != NULL ? af_image_rules(image, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		if (rule[i].kind != AFENCE_RULE_RESERVE || rule[i].life == AFENCE_LIFE_OVER)
			continue;
		name = strchr(af_image_string(image, rule[i].name), ':');
		if (name == NULL ||
			af_domain_parse(name + 1, strlen(name + 1), &domain) != AFENCE_OK)
			continue;
		if (taken++ < AFENCE_RESERVED_MOST)
			af_subjects_add(subjects, &domain);
		else
			subjects->left_out++;
	}
}

void af_subjects_free(struct af_subjects *subjects)
{
	free(subjects->subject);
	*subjects = (struct af_subjects){0};
}
