/*
 * Calls: their release.
 */
#include "call/call.h"

#include <stdlib.h>

void call_release(struct call *call)
{
	free(call->url);
	free(call->body);
	free(call->input);
	strvec_release(&call->headers);
	strvec_release(&call->argv);
	strvec_release(&call->environment);
	*call = (struct call){ .type = CALL_HTTP };
}
