/*
 * Templates of Helm: what they can reach.
 */
#include "inputs/helm/helm_template.h"

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
	{ "{{ include \"a\" (dict \"root\" .) }}{{ define \"a\" }}{{ end }}", NOTHING },
	{ "{{ include \"a\" (dict \"root\" .) }}{{ define \"a\" }}{{ .root.Values }}{{ end }}",
	  NOTHING },
	{ "{{ include \"a\" (dict \"root\" .) }}{{ define \"a\" }}{{ toYaml .root }}{{ end }}",
	  FILES },
	{ "{{ define \"a\" }}{{ .x.root | toYaml }}{{ end }}{{ include \"a\" (dict \"root\" $) }}",
	  FILES },
	{ "{{ include \"a\" (dict \"root\" .) }}{{ define \"a\" }}{{ with .root }}{{ end }}{{ end }}",
	  FILES },
	{ "{{ include \"a\" (dict \"root\" .) }}{{ define \"a\" }}{{ $r := .root }}{{ end }}", FILES },
	{ "{{ include \"a\" (dict \"root\" .) }}{{ define \"a\" }}{{ range .root }}{{ end }}{{ end }}",
	  FILES },
	{ "{{ toYaml .root }}", NOTHING },
	{ "{{ define \"a\" }}{{ $r := first . }}{{ toYaml $r }}{{ end }}", FILES },
	{ "{{ define \"a\" }}{{ $r := index . 0 }}{{ $r | toJson }}{{ end }}", FILES },
	{ "{{ define \"a\" }}{{ $r := (index . 1) }}{{ toJson $r.Values }}{{ end }}", NOTHING },
	{ "{{ define \"a\" }}{{ $r := index . \"b\" }}{{ toJson $r }}{{ end }}", NOTHING },
	{ "{{ define \"a\" }}{{ toYaml (first .) }}{{ end }}", FILES },
	{ "{{ . }}", FILES },
	{ "{{ $ }}", FILES },
	{ "{{ printf \"%v\" . }}", FILES },
	{ "{{ print . | quote }}", FILES },
	{ "{{ . | quote }}", FILES },
	{ "{{ toYaml (dict \"a\" .) }}", FILES },
	{ "{{ toYaml (list .) }}", FILES },
	{ "{{ toJson (deepCopy .) }}", FILES },
	{ "{{ merge (dict) . | toJson }}", FILES },
	{ "{{ omit . \"Values\" | toJson }}", FILES },
	{ "{{ default . 1 | toJson }}", FILES },
	{ "{{ (.) | toJson }}", FILES },
	{ "{{ index . \"Ch\\x61rt\" }}", FILES },
	{ "{{ pluck $name . }}", FILES },
	{ "{{ $d := dict \"a\" . }}{{ toJson $d }}", FILES },
	{ "{{ $r := (.) }}{{ toJson $r }}", FILES },
	{ "{{ $r := merge (dict) $ }}{{ toJson $r }}", FILES },
	{ "{{ range (list .) }}{{ end }}", FILES },
	{ "{{ with merge (dict) . }}{{ toJson . }}{{ end }}", FILES },
	{ "{{ with .Values.a }}{{ else with (list .) }}{{ toJson . }}{{ end }}", FILES },
	{ "{{ set .Values \"x\" (deepCopy .) }}", FILES },
	{ "{{ $d := dict }}{{ $_ := set $d \"a\" . }}", FILES },
	{ "{{ define \"a\" }}{{ . }}{{ end }}{{ include \"a\" . }}", FILES },
	{ "{{ define \"a\" }}{{ $ | quote }}{{ end }}{{ template \"a\" $ }}", FILES },
	{ "{{ block \"a\" . }}{{ . }}{{ end }}", FILES },
	{ "{{ define \"a\" }}{{ .r | quote }}{{ end }}{{ include \"a\" (dict \"r\" .) }}", FILES },
	{ "{{ define \"a\" }}{{ get . \"r\" | quote }}{{ end }}{{ include \"a\" (dict \"r\" .) }}",
	  FILES },
	{ "{{ define \"a\" }}{{ include \"b\" (dict \"s\" .r) }}{{ end }}{{ define \"b\" }}{{ end }}{{ include \"a\" (dict \"r\" .) }}",
	  FILES },
	{ "{{ define \"a\" }}{{ toJson .x }}{{ end }}{{ include \"a\" (dict \"x\" (dict \"y\" .)) }}",
	  FILES },
	{ "{{ define \"a\" }}{{ $v := rest . }}{{ toJson $v }}{{ end }}{{ include \"a\" (list 1 .) }}",
	  FILES },
	{ "{{ $x := 1 }}{{ range .Values.a }}{{ toJson $x }}{{ $x = $ }}{{ end }}", FILES },
	{ "{{ dict \"Values\" . }}", FILES },
	{ "{{ include \"a\" (dict \"r\" . \"n\" .Values.n) }}{{ define \"a\" }}{{ .n | quote }}{{ .r.Values.x }}{{ end }}",
	  NOTHING },
	{ "{{ define \"a\" }}{{ . | trunc 63 }}{{ end }}{{ include \"a\" .Values.n }}", NOTHING },
	{ "{{ define \"a\" }}{{ .r.Values.x | quote }}{{ end }}{{ include \"a\" (dict \"r\" .) }}",
	  NOTHING },
	{ "{{ define \"a\" }}{{ include \"b\" (dict \"r\" .r) }}{{ end }}{{ define \"b\" }}{{ end }}{{ include \"a\" (dict \"r\" .) }}",
	  NOTHING },
	{ "{{ $_ := set . \"x\" 1 }}{{ .x }}", NOTHING },
	{ "{{ if hasKey . \"a\" }}{{ kindOf . }}{{ end }}", NOTHING },
	{ "{{ quote .Values.a (default \"b\" .Release.Name) }}", NOTHING },
	{ "{{ `{{ . }}` }}", NOTHING },
	{ "{{ `{{ . }}` }}{{ tpl .Values.a . }}", FILES | TPL },
	{ "{{ tpl (printf \"{{ %s }}\" .Values.a) . }}", FILES | TPL },
	{ "{{ tpl (b64dec .Values.a) . }}", FILES | TPL },
	{ "{{ $t := .Values.a | b64dec }}{{ tpl $t . }}", FILES | TPL },
	{ "{{ tpl (.Values.a | swapcase) . }}", FILES | TPL },
	{ "{{ $t := nospace .Values.a }}{{ tpl $t . }}", FILES | TPL },
	{ "{{ tpl (mustRegexReplaceAll \"_\" .Values.a \"\") . }}", FILES | TPL },
	{ "{{ $t := (fromJson .Values.a).b }}{{ tpl $t . }}", FILES | TPL },
	{ "{{ $t := fromYaml .Values.a }}{{ tpl $t.b . }}", FILES | TPL },
	{ "{{ (fromJson .Values.a).b }}", NOTHING },
	{ "{{ .Values.a | b64dec }}", NOTHING },
	{ "{{ replace \"+\" \"_\" .Values.a }}{{ tpl .Values.b . }}", TPL },
	{ "{{ tpl .Values.a (dict \"r\" .) }}", FILES | TPL },
	{ "{{ `{{ .Values.b }}` }}{{ tpl .Values.a . }}", TPL },
	{ "{{ toYaml .Subcharts }}", FILES },
	{ "{{ toYaml .Subcharts.a }}", FILES },
	{ "{{ toYaml .Subcharts.a.Values }}", NOTHING },
};

/* What is said of Chart. */
static const struct {
	const char *text;
	const char *fields; // with blanks; NULL: all may be used
} charts[] = {
	{ "{{ .Chart.Name }}-{{ .Chart.Version | replace \"+\" \"_\" }}", "Name Version" },
	{ "{{ $.Chart.AppVersion }} Chart", "AppVersion" },
	{ "{{ .Chart.Annotations.a }}", "Annotations" },
	{ "{{ (index . \"a\").Chart.Home }}", "Home" },
	{ "{{ tpl \"{{ .Chart.Icon }}\" . }}", "Icon" },
	{ "{{/* .Chart.Icon */}}", "" },
	{ "{{ .Charts.Icon }}{{ .MyChart.Icon }}", "" },
	{ "{{ .Chart }}", NULL },
	{ "{{ with .Chart }}{{ .Icon }}{{ end }}", NULL },
	{ "{{ $c := .Chart }}", NULL },
	{ "{{ index . \"Chart\" \"Icon\" }}", NULL },
	{ "{{ toYaml .Chart }}", NULL },
	{ "{{ range $k, $v := .Chart }}{{ end }}", NULL },
};

static void test_chart(size_t i)
{
	struct helm_templates t = { .files = false };
	struct buf fields;

	buf_init(&fields, 1000);
	helm_template_scan(&t, charts[i].text, strlen(charts[i].text), true);
	for (size_t n = 0; n < t.fields.count; n++) {
		(void)buf_addf(&fields, "%s%s", n > 0 ? " " : "", t.fields.items[n]);
	}
	tap_str(t.chart ? NULL : fields.data, charts[i].fields, "fields in %s", charts[i].text);
	helm_templates_release(&t);
	buf_release(&fields);
}

/* Which definitions hold if there are subcharts that were not seen? */
static void test_lasting(void)
{
	static const char call[] = "{{ include \"a\" . }}";
	static const char define[] = "{{ define \"a\" }}{{ end }}";

	for (int lasting = 0; lasting < 2; lasting++) {
		struct helm_templates t = { .files = false };

		helm_template_scan(&t, call, sizeof(call) - 1, false);
		helm_template_scan(&t, define, sizeof(define) - 1, lasting);
		tap_int(helm_templates_miss(&t, false), false, "a definition that was seen holds");
		tap_int(helm_templates_miss(&t, true), !lasting,
			"where others were not seen, %s does", lasting ? "one that lasts" : "none");
		helm_templates_release(&t);
	}
}

static unsigned look(const char *text, size_t len)
{
	struct helm_templates t = { .files = false };
	char *copy = xmalloc(len + 1); // exactly as long as the text, for the sanitizers

	memcpy(copy, text, len);
	helm_template_scan(&t, copy, len, true);
	unsigned reaches = (t.files || helm_templates_whole(&t) ? FILES : 0) |
			   (t.tpl ? TPL : 0) | (helm_templates_miss(&t, false) ? MISS : 0);
	helm_templates_release(&t);
	free(copy);
	return reaches;
}

static void test_values(void)
{
	static const struct {
		const char *text;
		unsigned reach;
	} values[] = {
		{ "", 0 },
		{ "a: 1", 0 },
		{ "a: '{{ .Release.Name }}'", 0 },
		{ "a: '{{ .Files.Get \"a\" }}'", HELM_VALUE_SUSPECT },
		{ "a: .Files", HELM_VALUE_SUSPECT },
		{ "template: include", 0 },
		{ "a: '{{ include \"x\" . }}'", HELM_VALUE_SUSPECT },
		{ "a: '{{ tpl .Values.b . }}'", HELM_VALUE_SUSPECT },
		{ "a: '{{ . | toToml }}'", HELM_VALUE_SUSPECT },
		{ "a: toYaml .", HELM_VALUE_SUSPECT },
		{ "a: '{{ . }}'", HELM_VALUE_SUSPECT },
		{ "a: '{{ $x := . }}{{ $x | quote }}'", HELM_VALUE_SUSPECT },
		{ "a: '{{ printf \"%v\" $ }}'", HELM_VALUE_SUSPECT },
		{ "a: '{{ .Values.x '", HELM_VALUE_SUSPECT },
		{ "a: '{{ .Chart.Name }}'", HELM_VALUE_CHART },
		{ "a: Charts", 0 },
	};

	for (size_t i = 0; i < COUNT(values); i++) {
		tap_int(helm_value_reach(values[i].text, strlen(values[i].text)), values[i].reach,
			"the values %s", values[i].text);
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
	tap_int(look_at_many("{{ template \"a\" ", " }}", 39000), MISS, "many calls are kept");
	tap_int(look_at_many("{{ template \"a\" ", " }}", 41000) & FILES, FILES,
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
	for (size_t i = 0; i < COUNT(charts); i++) {
		test_chart(i);
	}
	test_lasting();
	test_values();
	test_limits();
	return tap_done();
}
