/*
 * Argo CD's build environment: what "$ARGOCD_APP_..." becomes.
 *
 * Argo CD, reposerver/repository (newEnv): the names below.  The expansion is
 * os.Expand() of Go:
 *   ${name}  everything up to the brace; "${}" and "${" alone are eaten
 *   $name    letters, digits and "_"; or one of the shell's "*#$@!?-0-9"
 *   $        before anything else stays
 *
 * The revision and the destination's namespace are not known to lib/inputs:
 * a "*" stands for them, for neither can hold a "/".
 */
#include "inputs/substitute.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

enum variable {
	NAME,
	APPLICATION_PROJECT,
	FROM_SPEC,
	UNKNOWN
};

static const struct {
	const char *name;
	enum variable variable;
	const char *key; // FROM_SPEC
} variables[] = {
	{ "ARGOCD_APP_NAME", NAME, NULL },
	{ "ARGOCD_APP_PROJECT_NAME", APPLICATION_PROJECT, NULL },
	{ "ARGOCD_APP_SOURCE_REPO_URL", FROM_SPEC, "repoURL" },
	{ "ARGOCD_APP_SOURCE_PATH", FROM_SPEC, "path" },
	{ "ARGOCD_APP_SOURCE_TARGET_REVISION", FROM_SPEC, "targetRevision" },
	{ "ARGOCD_APP_NAMESPACE", UNKNOWN, NULL },
	{ "ARGOCD_APP_REVISION", UNKNOWN, NULL },
	{ "ARGOCD_APP_REVISION_SHORT", UNKNOWN, NULL },
	{ "ARGOCD_APP_REVISION_SHORT_8", UNKNOWN, NULL },
};

struct expansion {
	struct inputs_walk *walk;
	const struct inputs_source *source;
	const json_t *spec;
	bool full_name;
	bool pattern;
};

static bool is_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool is_special(char c)
{
	return c != '\0' && strchr("*#$@!?-0123456789", c) != NULL;
}

/*
 * The name behind a "$": *ret_len bytes at *ret_at (none: not a name).
 * Returns the bytes it takes.
 */
static size_t take_name(const char *text, size_t *ret_at, size_t *ret_len)
{
	*ret_at = 0;
	*ret_len = 0;
	if (text[0] == '{') {
		const char *brace = strchr(text, '}');

		if (brace == NULL) {
			return 1;
		}
		*ret_at = 1;
		*ret_len = (size_t)(brace - text) - 1;
		return *ret_len + 2;
	}
	if (is_special(text[0])) {
		*ret_len = 1;
		return 1;
	}
	while (is_name(text[*ret_len])) {
		++*ret_len;
	}
	return *ret_len;
}

static const char *value_of(struct expansion *e, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (strlen(variables[i].name) != len || memcmp(variables[i].name, name, len) != 0) {
			continue;
		}
		switch (variables[i].variable) {
		case NAME:
			return e->full_name ? inputs_format(e->walk, "%s_%s",
							    e->source->app_namespace,
							    e->source->app_name)
					    : e->source->app_name;
		case APPLICATION_PROJECT:
			return e->source->app_project;
		case FROM_SPEC: {
			const char *text = json_string_value(
				json_object_get(e->spec, variables[i].key));

			return text != NULL ? text : "";
		}
		case UNKNOWN:
			e->pattern = true;
			return "*";
		}
	}
	return len == 1 && name[0] == '$' ? "$" : "";
}

const char *inputs_substitute(struct inputs_walk *w, const struct inputs_source *source,
			      const json_t *spec, const char *text, bool full_name,
			      bool *ret_pattern)
{
	struct expansion e = { .walk = w, .source = source, .spec = spec, .full_name = full_name };
	struct buf out;

	*ret_pattern = false;
	if (strchr(text, '$') == NULL) {
		return inputs_keep(w, text);
	}
	buf_init(&out, LIMIT_PATH_BYTES);
	while (*text != '\0') {
		size_t at = 0;
		size_t len = 0;
		size_t plain = strcspn(text, "$");
		size_t taken = 0;

		(void)buf_add(&out, text, plain);
		text += plain;
		if (*text == '\0') {
			break;
		}
		text++;
		taken = *text != '\0' ? take_name(text, &at, &len) : 0;
		if (len > 0) {
			(void)buf_addstr(&out, value_of(&e, text + at, len));
		} else if (taken == 0) {
			(void)buf_addch(&out, '$');
		}
		text += taken;
	}
	if (buf_is_full(&out)) {
		inputs_opaque(w, "a text is too long with its variables put in");
	}
	const char *result = inputs_keep(w, out.data);
	*ret_pattern = e.pattern;
	buf_release(&out);
	return result;
}

bool inputs_substitute_names(const struct inputs_source *source, const char *text)
{
	return source->app_namespace[0] != '\0' && strstr(text, "ARGOCD_APP_NAME") != NULL;
}
