/*
 * Requests that are refused by their head: why, for the log.
 *
 * Anybody can send them, as often as he likes, so the lines are limited, for each
 * status by itself.  Loop thread only.
 */
#ifndef RECEIVER_DOOR_TURNED_AWAY_H
#define RECEIVER_DOOR_TURNED_AWAY_H

#include "admission/admission.h"
#include "receiver/ops/log.h"

/* The limits of the lines; zeroed at first. */
struct turned_away {
	struct log_limit unauthorized;
	struct log_limit unfound;
	struct log_limit method;
	struct log_limit type;
};

/*
 * Write a line, if there may be one more, of a request from peer to path that is
 * answered with status (401, 404, 405 or 415).  source: the one that was asked, or
 * NULL.  It never says anything of a secret.
 */
void turned_away_tell(struct turned_away *limits, int status,
		      const struct admission_source *source,
		      const struct provider_request *request, const char *path,
		      const char *peer);

#endif
