/*
 * Who gives way when all places are taken: the order, and who never does.
 */
#include "receiver/http/crowd.h"

#include <stddef.h>

#include "tests/support/tap.h"

static const unsigned one = 1;
static const unsigned few = 8;
static const unsigned many = 200;

static struct crowd crowd;

static struct crowd_member member(const unsigned *weight)
{
	return (struct crowd_member){ .kind = CROWD_KINDS, .weight = weight };
}

static void begin(void)
{
	crowd_init(&crowd);
	crowd.allowance_ms[CROWD_LINGER] = 100;
	crowd.allowance_ms[CROWD_SILENT] = 100;
	crowd.allowance_ms[CROWD_STILL] = 1000;
	crowd.allowance_ms[CROWD_BODY] = 1000;
}

static void test_kinds(void)
{
	struct crowd_member m[CROWD_KINDS];

	begin();
	tap_ok(crowd_victim(&crowd, 5000) == NULL, "of nobody nobody gives way");
	for (int i = CROWD_KINDS - 1; i >= 0; i--) {
		m[i] = member(&one);
		crowd_step(&crowd, &m[i], (enum crowd_kind)i, 0);
	}
	for (unsigned i = 0; i < CROWD_KINDS; i++) {
		static const char *const names[] = { "one with its answer", "a silent one", "one that stands still",
						     "one with a body" };

		tap_ok(crowd_victim(&crowd, 5000) == &m[i], "%s is number %u to go", names[i], i);
		crowd_step(&crowd, &m[i], CROWD_KINDS, 5000);
	}
	tap_ok(crowd_victim(&crowd, 5000) == NULL, "who has left is not asked again");
}

static void test_allowance(void)
{
	struct crowd_member silent = member(&many);
	struct crowd_member still = member(&one);

	begin();
	crowd_step(&crowd, &silent, CROWD_SILENT, 1000);
	crowd_step(&crowd, &still, CROWD_STILL, 1000);
	tap_ok(crowd_victim(&crowd, 1099) == NULL, "all have time left");
	tap_ok(crowd_victim(&crowd, 1100) == &silent, "silence is allowed for a short time");
	crowd_step(&crowd, &silent, CROWD_STILL, 1500);
	tap_ok(crowd_victim(&crowd, 1999) == NULL, "who has spoken has more");
	tap_ok(crowd_victim(&crowd, 2000) == &still, "the heavier one goes later if it went on later");
	crowd_step(&crowd, &still, CROWD_STILL, 2000);
	tap_ok(crowd_victim(&crowd, 2499) == NULL, "who goes on is left in peace");
	tap_ok(crowd_victim(&crowd, 2500) == &silent, "and the other goes");
}

static void test_weight(void)
{
	struct crowd_member lone = member(&one);
	struct crowd_member nowhere = member(NULL);
	struct crowd_member a = member(&few);
	struct crowd_member b = member(&many);
	struct crowd_member later = member(&many);

	begin();
	crowd_step(&crowd, &nowhere, CROWD_SILENT, 0);
	crowd_step(&crowd, &lone, CROWD_SILENT, 1);
	crowd_step(&crowd, &a, CROWD_SILENT, 2);
	crowd_step(&crowd, &b, CROWD_SILENT, 3);
	crowd_step(&crowd, &later, CROWD_SILENT, 4);
	struct crowd_member *const order[] = { &b, &later, &a, &lone, &nowhere };
	for (unsigned i = 0; i < 5; i++) {
		tap_ok(crowd_victim(&crowd, 1000) == order[i], "by connections of the source, then by age: %u", i);
		crowd_step(&crowd, order[i], CROWD_KINDS, 1000);
	}
}

int main(void)
{
	test_kinds();
	test_allowance();
	test_weight();
	return tap_done();
}
