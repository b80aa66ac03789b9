/*
 * The room for Helm: a source whose chart lies in the repository, and the chart
 * itself.
 *
 * The table of renderers (lib/inputs/renderers.c) and the walkers of Flux call
 * it.  It never renders a template, it reads which files one can take, and never
 * fetches a chart.
 */
#ifndef LIB_INPUTS_HELM_HELM_H
#define LIB_INPUTS_HELM_HELM_H

#include "inputs/inputs_impl.h"

/* A source of type Helm: its value files, and its chart as another unit. */
extern const struct inputs_walker inputs_helm;

/*
 * A chart, with its dependencies. Options: "anything" is true if values that
 * are templates themselves may come from outside of the chart, "chart" if
 * these may name fields of its Chart.yaml; "template" if nothing but the
 * output of "helm template" counts, and who refers to the chart sees to its
 * values.yaml; "packed" if it is a dependency of such a chart.  Else it has
 * no fingerprint.
 */
extern const struct inputs_walker inputs_chart;

/* What of a chart's directory matters; the argument says by which rules (helm_chart.c). */
extern const struct inputs_filter inputs_filter_chart;

#endif
