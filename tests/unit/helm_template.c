/*
 * Templates of Helm: what they can reach.
 */
#include "inputs/helm_template.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tests/support/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	NOTHING = 0,
	FILES = 1, // other files
	TPL = 2,   // values as templates
	MISS = 4   // a template that is not here
};

static const struct {
	const char *text;
	unsigned reaches;
} cases[] = {
	{ "", NOTHING },
	{ "plain text", NOTHING },
	{ "{{ .Values.a }}", NOTHING },
	{ "{{ .Files.Get \"a\" }}", FILES },
	{ "{{ $.Files.Glob \"a\" }}", FILES },
	{ "{{ (get . \"Files\").Get \"a\" }}", FILES },
	{ "{{ index . \"Files\" }}", FILES },
	{ "{{ .Values.Filesystem }} MyFiles", NOTHING },
	{ "{{ toYaml . }}", FILES },
	{ "{{ toYaml .Values }}", NOTHING },
	{ "{{ toYaml .Values.a }}", NOTHING },
	{ "{{- toJson $ -}}", FILES },
	{ "{{ toJson $.Values }}", NOTHING },
	{ "{{ . | toYaml }}", FILES },
	{ "{{ .Values | toYaml }}", NOTHING },
	{ "{{ with .Values.a }}{{ toYaml . }}{{ end }}", NOTHING },
	{ "{{ with .Values.a }}{{ . | toYaml }}{{ end }}", NOTHING },
	{ "{{ with .Values.a }}{{ toYaml $ }}{{ end }}", FILES },
	{ "{{ with .Values.a }}{{ else }}{{ toYaml . }}{{ end }}", FILES },
	{ "{{ with .Values.a }}{{ end }}{{ toYaml . }}", FILES },
	{ "{{ with . }}{{ toYaml . }}{{ end }}", FILES },
	{ "{{ with $ }}{{ toYaml . }}{{ end }}", FILES },
	{ "{{ with $x := . }}{{ toYaml $x }}{{ end }}", FILES },
	{ "{{ if .Values.a }}{{ toYaml . }}{{ end }}", FILES },
	{ "{{ if . }}{{ end }}", NOTHING },
	{ "{{ if .Values.a }}{{ else if .Values.b }}{{ toYaml . }}{{ end }}", FILES },
	{ "{{ with .Values.a }}{{ if .b }}{{ toYaml . }}{{ end }}{{ end }}", NOTHING },
	{ "{{ with .Values.a }}{{ else with .Values.b }}{{ toYaml . }}{{ end }}", NOTHING },
	{ "{{ range .Values.a }}{{ toYaml . }}{{ end }}", NOTHING },
	{ "{{ range $k, $v := .Values.a }}{{ toYaml $v }}{{ end }}", NOTHING },
	{ "{{ range . }}{{ end }}", FILES },
	{ "{{ range $k, $v := . }}{{ end }}", FILES },
	{ "{{ range $k, $v := $ }}{{ end }}", FILES },
	{ "{{ $root := . }}{{ range .Values.a }}{{ toYaml $root }}{{ end }}", FILES },
	{ "{{ $root := $ }}{{ $root | toJson }}", FILES },
	{ "{{ $root := . }}{{ toYaml $root.Values }}", NOTHING },
	{ "{{ $x := .Values.x }}{{ toYaml $x }}", NOTHING },
	{ "{{ index . $name }}", FILES },
	{ "{{ index . 0 }}", NOTHING },
	{ "{{ index .Values $name }}", NOTHING },
	{ "{{ get $ .Values.name }}", FILES },
	{ "{{ define \"a\" }}{{ toYaml . }}{{ end }}", FILES },
	{ "{{ define \"a\" }}{{ with .b }}{{ toYaml . }}{{ end }}{{ end }}", NOTHING },
	{ "{{ include \"a\" . }}", MISS },
	{ "{{ template \"a\" . }}", MISS },
	{ "{{ define \"a\" }}{{ end }}{{ include \"a\" . }}", NOTHING },
	{ "{{ include \"a\" . }}{{ define \"a\" }}{{ end }}", NOTHING },
	{ "{{ define `a` }}{{ end }}{{ include \"a\" . | nindent 4 }}", NOTHING },
	{ "{{ block \"a\" . }}{{ end }}{{ template \"a\" . }}", NOTHING },
	{ "{{ include (print $.Template.BasePath \"/a.yaml\") . | sha256sum }}", NOTHING },
	{ "{{ include (print .Template.BasePath \"/a.yaml\") . }}", NOTHING },
	{ "{{ include (print .Values.a \"/a.yaml\") . }}", MISS },
	{ "{{ include (print $.Template.BasePath", MISS },
	{ "{{ include $name . }}", MISS },
	{ "{{ include (printf \"%s\" .Values.a) . }}", MISS },
	{ "{{ tpl .Values.a . }}", TPL },
	{ "{{ tpl (toYaml .Values.a) $ }}", TPL },
	{ "{{/* toYaml . */}}", NOTHING },
	{ "{{- /* include \"a\" . */ -}}{{ .Values.b }}", NOTHING },
	{ "{{ \"toYaml .\" }}", NOTHING },
	{ "{{ `}} toYaml .` }}", NOTHING },
	{ "{{ \"}}\" | quote }}{{ toYaml . }}", FILES },
	{ "{{ '}' }}{{ toYaml . }}", FILES },
	{ "{{ toYaml .", FILES },
	{ "{{", NOTHING },
	{ "toYaml . }}", NOTHING },
	{ "{{ end }}{{ end }}{{ toYaml . }}", FILES },
};

static unsigned look(const char *text, size_t len)
{
	struct helm_templates t = { .files = false };
	char *copy = xmalloc(len + 1); // exactly as long as the text, for the sanitizers

	memcpy(copy, text, len);
	helm_template_scan(&t, copy, len);
	unsigned reaches = (t.files ? FILES : 0) | (t.tpl ? TPL : 0) |
			   (helm_templates_miss(&t) ? MISS : 0);
	helm_templates_release(&t);
	free(copy);
	return reaches;
}

static void test_values(void)
{
	static const struct {
		const char *text;
		bool suspect;
	} values[] = {
		{ "", false },
		{ "a: 1", false },
		{ "a: '{{ .Release.Name }}'", false },
		{ "a: '{{ .Files.Get \"a\" }}'", true },
		{ "a: .Files", true },
		{ "template: include", false },
		{ "a: '{{ include \"x\" . }}'", true },
		{ "a: '{{ tpl .Values.b . }}'", true },
	};

	for (size_t i = 0; i < COUNT(values); i++) {
		tap_int(helm_value_suspect(values[i].text, strlen(values[i].text)),
			values[i].suspect, "the values %s", values[i].text);
	}
}

/* What text, count times (with a number put in), reaches. */
static unsigned look_at_many(const char *before, const char *behind, int count)
{
	struct buf text;

	buf_init(&text, 2000000);
	for (int i = 0; i < count; i++) {
		(void)buf_addf(&text, "%s%d%s", before, i, behind);
	}
	unsigned reaches = look(text.data, text.len);
	buf_release(&text);
	return reaches;
}

static void test_limits(void)
{
	tap_int(look_at_many("{{ define \"", "\" }}{{ end }}", 1000), NOTHING,
		"many names are kept");
	tap_int(look_at_many("{{ define \"", "\" }}{{ end }}", 2000), FILES,
		"too many names: all may be reached");
	tap_int(look_at_many("{{ template \"a\" ", " }}", 19000), MISS, "many calls are kept");
	tap_int(look_at_many("{{ template \"a\" ", " }}", 21000) & FILES, FILES,
		"too many calls: all may be reached");
	tap_int(look_at_many("{{ with .a }}", "", 90), NOTHING, "deep blocks are followed");
	tap_int(look_at_many("{{ with .a }}", "", 110), FILES,
		"blocks too deep: all may be reached");
}

int main(void)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		tap_int(look(cases[i].text, strlen(cases[i].text)), cases[i].reaches, "%s",
			cases[i].text);
	}
	test_values();
	test_limits();
	return tap_done();
}
