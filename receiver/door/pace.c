#include "receiver/door/pace.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/xalloc.h"

/* What so long a time at the rate of a source allows may come at once. */
#define BURST_MS 10000

/*
 * Each delivery costs its source 1/rate of time, beginning now or when the ones
 * before it are paid.  Who owes more than a burst has to wait.
 */
struct debtor {
	char *source;
	double paid_ms; // monotonic: when all that it sent is paid
	UT_hash_handle hh;
};

struct pace {
	struct debtor *debtors; // hash by source
};

struct pace *pace_new(void)
{
	return xcalloc(1, sizeof(struct pace));
}

static void drop(struct pace *pace, struct debtor *d)
{
	HASH_DEL(pace->debtors, d);
	free(d->source);
	free(d);
}

void pace_free(struct pace *pace)
{
	struct debtor *d = NULL;
	struct debtor *next = NULL;

	if (pace == NULL) {
		return;
	}
	HASH_ITER(hh, pace->debtors, d, next) {
		drop(pace, d);
	}
	free(pace);
}

/* A new one; who owes nothing any more is forgotten, so that names do not pile up over reloads. */
static struct debtor *add(struct pace *pace, const char *source, int64_t now_ms)
{
	struct debtor *d = NULL;
	struct debtor *next = NULL;

	HASH_ITER(hh, pace->debtors, d, next) {
		if (d->paid_ms <= (double)now_ms) {
			drop(pace, d);
		}
	}
	d = xcalloc(1, sizeof(*d));
	d->source = xstrdup(source);
	HASH_ADD_KEYPTR(hh, pace->debtors, d->source, strlen(d->source), d);
	return d;
}

bool pace_take(struct pace *pace, const char *source, double rate, int64_t now_ms)
{
	double cost_ms = rate > 0 ? 1000 / rate : 0;
	double most_ms = cost_ms > BURST_MS ? cost_ms : BURST_MS;
	struct debtor *d = NULL;
	double from = 0;

	if (rate <= 0) {
		return true;
	}
	HASH_FIND_STR(pace->debtors, source, d);
	d = d != NULL ? d : add(pace, source, now_ms);
	from = d->paid_ms > (double)now_ms ? d->paid_ms : (double)now_ms;
	if (from + cost_ms > (double)now_ms + most_ms) {
		return false;
	}
	d->paid_ms = from + cost_ms;
	return true;
}
