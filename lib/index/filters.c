/*
 * Filters by number, and by text.
 *
 * The text of a filter is its name, a line's end, and its argument: names are
 * unique and hold no line's end, so equal texts are equal filters.
 */
#include "index/filters.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/xalloc.h"
#include "inputs/inputs.h"

struct filter_entry {
	const struct inputs_filter *filter;
	char *text;
	const char *argument; // in text
	uint32_t uses;
	uint16_t number;
	UT_hash_handle hh;
};

void filters_release(struct filters *f)
{
	HASH_CLEAR(hh, f->table);
	for (size_t i = 1; i < f->count; i++) {
		if (f->items[i] != NULL) {
			free(f->items[i]->text);
			free(f->items[i]);
		}
	}
	free(f->items);
	free(f->free);
	memset(f, 0, sizeof(*f));
}

static bool is_same(const struct filter_entry *entry, const struct inputs_filter *filter,
		    const char *argument)
{
	return entry != NULL && entry->filter == filter && strcmp(entry->argument, argument) == 0;
}

/* A number that is free, or 0 if there is none. */
static uint16_t take_number(struct filters *f)
{
	if (f->free_count > 0) {
		return f->free[--f->free_count];
	}
	if (f->count == 0) {
		f->items = xgrow(f->items, f->count, &f->capacity, sizeof(*f->items));
		f->items[f->count++] = NULL;
	}
	if (f->count > FILTERS_MAX) {
		return 0;
	}
	f->items = xgrow(f->items, f->count, &f->capacity, sizeof(*f->items));
	return (uint16_t)f->count++;
}

static uint16_t add_take(struct filters *f, const struct inputs_filter *filter, char *text)
{
	uint16_t number = take_number(f);

	if (number == 0) {
		free(text);
		return 0;
	}
	struct filter_entry *entry = xcalloc(1, sizeof(*entry));
	entry->filter = filter;
	entry->text = text;
	entry->argument = text + strlen(filter->name) + 1;
	entry->uses = 1;
	entry->number = number;
	f->items[number] = entry;
	f->used++;
	HASH_ADD_KEYPTR(hh, f->table, entry->text, strlen(entry->text), entry);
	return number;
}

uint16_t filters_take(struct filters *f, const struct inputs_filter *filter, const char *argument)
{
	struct filter_entry *entry = NULL;

	if (filter == NULL) {
		return 0;
	}
	/* Units that are walked one after the other have the same filter. */
	if (f->last != 0 && is_same(f->items[f->last], filter, argument)) {
		f->items[f->last]->uses++;
		return f->last;
	}
	char *text = xasprintf("%s\n%s", filter->name, argument);
	HASH_FIND_STR(f->table, text, entry);
	if (entry != NULL) {
		free(text);
		entry->uses++;
		f->last = entry->number;
		return entry->number;
	}
	f->last = add_take(f, filter, text);
	return f->last;
}

void filters_drop(struct filters *f, uint16_t number)
{
	if (number == 0 || --f->items[number]->uses > 0) {
		return;
	}
	struct filter_entry *entry = f->items[number];
	HASH_DEL(f->table, entry);
	free(entry->text);
	free(entry);
	f->items[number] = NULL;
	f->used--;
	f->free = xgrow(f->free, f->free_count, &f->free_capacity, sizeof(*f->free));
	f->free[f->free_count++] = number;
}

const char *filters_name(const struct filters *f, uint16_t number)
{
	return f->items[number]->filter->name;
}

const char *filters_argument(const struct filters *f, uint16_t number)
{
	return f->items[number]->argument;
}

bool filters_match(const struct filters *f, uint16_t number, const char *path, size_t name_at)
{
	const struct filter_entry *entry = f->items[number];

	return entry->filter->match(entry->argument, path, name_at);
}
