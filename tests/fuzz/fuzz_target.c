/*
 * What a target answers, judged: two bytes of status and flags, then a body.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "config/config.h"
#include "target/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One that refreshes, one that syncs, one that runs a command. */
static struct target target(size_t i)
{
	static struct config *config;

	if (config == NULL) {
		static char text[512];
		char *const environment[] = { text, NULL };
		const struct config_input input = {
			.environment = environment, .target_kind = target_config_kind,
		};
		struct strvec problems = STRVEC_INIT;
		int fd = memfd_create("token", MFD_CLOEXEC);

		(void)fchmod(fd, S_IRUSR);
		(void)snprintf(text, sizeof(text), "DOORBELL_TARGETS=["
			       "{name: a, argocd: {url: 'https://a', tokenFile: /proc/self/fd/%d}},"
			       "{name: b, argocd: {url: 'https://a', tokenFile: /proc/self/fd/%d, "
			       "action: sync}}, {name: c, exec: {command: [/bin/true]}}]", fd, fd);
		if (config_load(&input, &config, &problems, NULL) < 0) {
			abort();
		}
	}
	const struct config_choice *choice = &config->targets[i].kind;
	return (struct target){ target_kind_by_name(choice->kind->name), choice->options };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char application[] = "argocd/shop";
	struct trigger trigger = { .application = application, .attempts = 1 };
	struct outcome outcome;

	if (size < 2) {
		return 0;
	}
	const struct call_result answer = {
		.completed = (data[1] & 1) == 0,
		.timed_out = (data[1] & 2) != 0,
		.truncated = (data[1] & 4) != 0,
		.status = data[0] * 3,
		.output = (const char *)data + 2,
		.output_len = size - 2,
	};
	(void)oid_from_hex("1111111111111111111111111111111111111111", 40, &trigger.before);
	(void)oid_from_hex("2222222222222222222222222222222222222222", 40, &trigger.after);
	const struct target targets[] = { target(2), target((data[1] & 8) != 0) };
	for (size_t i = 0; i < 2; i++) {
		target_judge(&targets[i], &trigger, &answer, &outcome);
		if (memchr(outcome.reason, '\0', sizeof(outcome.reason)) == NULL ||
		    strpbrk(outcome.reason, "\n\r\x1b") != NULL) {
			abort();
		}
		outcome_release(&outcome);
	}
	return 0;
}
