/*
 * What a target answers, judged: two bytes of status and flags, then a body.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "target/target.h"
#include "target/target_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	const struct target_options options = {
		.name = "t",
		.token_file = "/token",
		.action = (data[1] & 8) != 0 ? TARGET_SYNC : TARGET_REFRESH,
		.time_limit_ms = 1000,
	};
	(void)oid_from_hex("1111111111111111111111111111111111111111", 40, &trigger.before);
	(void)oid_from_hex("2222222222222222222222222222222222222222", 40, &trigger.after);
	const struct target_kind *const kinds[] = { &target_argocd, &target_exec };
	for (size_t i = 0; i < 2; i++) {
		target_judge(kinds[i], &options, &trigger, &answer, &outcome);
		if (memchr(outcome.reason, '\0', sizeof(outcome.reason)) == NULL ||
		    strpbrk(outcome.reason, "\n\r\x1b") != NULL) {
			abort();
		}
		outcome_release(&outcome);
	}
	return 0;
}
