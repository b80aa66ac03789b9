/*
 * The names of the ways in which a path is read and changes.
 */
#include "base/probe.h"

const char *change_kind_name(enum change_kind kind)
{
	static const char *const names[] = {
		[CHANGE_ADDED] = "added",
		[CHANGE_MODIFIED] = "modified",
		[CHANGE_REMOVED] = "removed",
	};

	return names[kind];
}

const char *probe_kind_name(enum probe_kind kind)
{
	static const char *const names[] = {
		[PROBE_FILE] = "file",
		[PROBE_ABSENT] = "absent",
		[PROBE_SUBTREE] = "subtree",
		[PROBE_LIST] = "list",
		[PROBE_GLOB] = "glob",
		[PROBE_ALWAYS] = "always",
		[PROBE_REMOTE] = "elsewhere",
	};

	return names[kind];
}
