/*
 * Error text: format, clean, wrap.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void clean(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f) {
			*text = '?';
		}
	}
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list args;

	if (err == NULL) {
		return code;
	}
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	clean(err->text);
	return code;
}

int error_wrap(struct error *err, int code, const char *format, ...)
{
	char context[ERROR_TEXT_MAX];
	char old[ERROR_TEXT_MAX];
	va_list args;

	if (err == NULL) {
		return code;
	}
	va_start(args, format);
	(void)vsnprintf(context, sizeof(context), format, args);
	va_end(args);
	memcpy(old, err->text, sizeof(old));
	(void)snprintf(err->text, sizeof(err->text), "%.255s: %.250s", context, old);
	clean(err->text);
	return code;
}

int error_errno(struct error *err, int code, int errnum, const char *format, ...)
{
	char what[ERROR_TEXT_MAX];
	char reason[128];
	va_list args;

	if (err == NULL) {
		return code;
	}
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	const char *text = strerror_r(errnum, reason, sizeof(reason));
	(void)snprintf(err->text, sizeof(err->text), "%.380s: %.120s", what, text);
	clean(err->text);
	return code;
}
