/*
 * Outcomes: text and release.
 */
#include "record/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void outcome_release(struct outcome *outcome)
{
	free(outcome->output);
	outcome->output = NULL;
}

void outcome_set(struct outcome *outcome, enum outcome_kind kind, const char *format, ...)
{
	va_list args;

	outcome->kind = kind;
	va_start(args, format);
	(void)vsnprintf(outcome->reason, sizeof(outcome->reason), format, args);
	va_end(args);
	for (char *p = outcome->reason; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			*p = '?';
		}
	}
}
