#include "receiver/door/turned_away.h"

#include <stdio.h>
#include <string.h>

#include "base/mstime.h"
#include "provider/provider.h"

#define WHY_BYTES 160

/* The source is of one sender, and the request of none, or of another, or too weakly signed. */
static void why_unauthorized(const struct admission_source *source,
			     const struct provider_request *request, char why[WHY_BYTES])
{
	const struct provider *sender = provider_detect(request->headers, request->header_count);
	const char *name = sender != NULL ? provider_get_name(sender) : NULL;
	bool sha1 = provider_header_get(request, "X-Hub-Signature") != NULL &&
		    provider_header_get(request, "X-Hub-Signature-256") == NULL;

	if (source == NULL && sender == NULL) {
		(void)snprintf(why, WHY_BYTES, "no header says which sender it is of");
	} else if (source == NULL) {
		(void)snprintf(why, WHY_BYTES, "no source of %s is configured", name);
	} else if (sender != NULL && sender != source->provider) {
		(void)snprintf(why, WHY_BYTES, "headers of %s, and the source is of %s", name,
			       provider_get_name(source->provider));
	} else if (sha1) {
		(void)snprintf(why, WHY_BYTES, "signed with SHA-1 only");
	} else {
		(void)snprintf(why, WHY_BYTES, "no signature or token, or none that could be "
			       "one: set the secret of the webhook");
	}
}

void turned_away_tell(struct turned_away *limits, int status,
		      const struct admission_source *source,
		      const struct provider_request *request, const char *path,
		      const char *peer)
{
	struct log_limit *limit = status == 404	  ? &limits->unfound
				  : status == 405 ? &limits->method
				  : status == 415 ? &limits->type
						  : &limits->unauthorized;
	char why[WHY_BYTES] = "";
	uint64_t left_out = 0;

	if (!log_limit_pass(limit, mstime_monotonic(), &left_out)) {
		return;
	}
	if (status == 401) {
		why_unauthorized(source, request, why);
	} else {
		(void)snprintf(why, sizeof(why), "%s",
			       status == 404   ? "no source has this path"
			       : status == 405 ? "deliveries are sent with POST"
					       : "a content type that this sender never uses");
	}
	log_warn("request refused", "source", source != NULL ? source->name : NULL, "peer", peer,
		 "path", path, "status", LOG_INT(status), "reason", why, "not_logged",
		 left_out > 0 ? LOG_INT(left_out) : NULL, NULL);
}
