/*
 * What a chart's templates can reach, as far as their text tells.
 */
#ifndef LIB_INPUTS_HELM_TEMPLATE_H
#define LIB_INPUTS_HELM_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if text, a values file or a value, may do more than be a value when a
 * template gives it to "tpl": it names Files or calls another template.
 */
bool helm_values_suspect(const char *text, size_t len);

#endif
