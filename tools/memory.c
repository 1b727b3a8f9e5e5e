/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <err.h>
#include <stdlib.h>

void *af_new(size_t count, size_t size)
{
	void *array = calloc(count > 0 ? count : 1, size);

	if (array == NULL)
		err(3, NULL);
	return array;
}

void *af_grow(void *array, size_t used, size_t more, size_t *room, size_t size)
{
	size_t wanted = *room;

	if (more <= *room - used)
		return array;
	wanted = used + more > 2 * wanted ? used + more : 2 * wanted;
	array = reallocarray(array, wanted, size);
	if (array == NULL)
		err(3, NULL);
	*room = wanted;
	return array;
}
