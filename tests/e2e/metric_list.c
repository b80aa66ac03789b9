/*
 * The table of metrics as JSON, for the test that each of them occurs:
 *
 *     [{"name": "doorbell_...", "gauge": false, "labels": [["handler", ["webhook", ...]], ...]}]
 *
 * Without the value that unknown ones count as, which stands first.
 */
#include <jansson.h>
#include <stdio.h>

#include "receiver/ops/metrics_table.h"

static json_t *label_to_json(enum metric_label label)
{
	const struct metric_label_row *row = metric_label_row(label);
	json_t *values = json_array();

	for (size_t i = 1; metric_label_value(label, i) != NULL; i++) {
		json_array_append_new(values, json_string(metric_label_value(label, i)));
	}
	return json_pack("[s, o]", row->name, values);
}

int main(void)
{
	json_t *all = json_array();

	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_row *row = metric_row((enum metric)i);
		json_t *labels = json_array();

		for (int k = 0; k < 2 && row->labels[k] != LABEL_NONE; k++) {
			json_array_append_new(labels, label_to_json(row->labels[k]));
		}
		json_array_append_new(all, json_pack("{s:s, s:b, s:o}", "name", row->name, "gauge",
						     row->type == METRIC_GAUGE, "labels", labels));
	}
	(void)json_dumpf(all, stdout, JSON_INDENT(1));
	json_decref(all);
	return 0;
}
