/*
 * Targets made from settings in an environment variable.
 */
#include "tests/support/targets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/xalloc.h"

void made_target(struct made_target *ret, const char *format, ...)
{
	char mapping[4096];
	va_list args;

	*ret = (struct made_target){ .config = NULL };
	va_start(args, format);
	(void)vsnprintf(mapping, sizeof(mapping), format, args);
	va_end(args);
	char *variable = xasprintf("DOORBELL_TARGETS=[{name: argo, %s}]", mapping);
	char *const environment[] = { variable, NULL };
	const struct config_input input = {
		.environment = environment, .target_kind = target_config_kind,
	};
	struct strvec problems = STRVEC_INIT;

	if (config_load(&input, &ret->config, &problems, NULL) < 0) {
		(void)snprintf(ret->problem, sizeof(ret->problem), "%s", problems.items[0]);
		ret->config = NULL;
	} else {
		const struct config_choice *choice = &ret->config->targets[0].kind;

		ret->target = (struct target){ target_kind_by_name(choice->kind->name),
					       choice->options };
	}
	strvec_release(&problems);
	free(variable);
}

void made_target_release(struct made_target *made)
{
	config_free(made->config);
	*made = (struct made_target){ .config = NULL };
}

const char *made_token_file(void)
{
	static char path[64];

	if (path[0] == '\0') {
		int fd = memfd_create("token", MFD_CLOEXEC);

		(void)fchmod(fd, S_IRUSR | S_IWUSR);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	return path;
}
