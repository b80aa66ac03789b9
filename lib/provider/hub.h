/*
 * The push payload that GitHub made and that Gitea, Forgejo and Gogs follow:
 * "ref", "before", "after", "repository" with its addresses.
 */
#ifndef LIB_PROVIDER_HUB_H
#define LIB_PROVIDER_HUB_H

#include <jansson.h>

#include "base/buf.h"
#include "provider/provider.h"

/* The members that are read of any event, for payload_read(). */
extern const char *const hub_members[];

/*
 * Add the addresses and the default branch of json's "repository" and who
 * pushed to content. 0, or -1 with err: no usable address.
 */
int hub_read_repository(const json_t *json, struct delivery_content *content, struct error *err);

/*
 * Read a push event: JSON or a form. As provider_parse(); event is what the
 * content's event becomes.
 */
enum provider_result hub_parse_push(const struct provider_request *request, const char *event,
				    struct delivery_content *ret_content, struct error *err);

/*
 * Make a hub-like request's body: the JSON of hub_compose(), as a form in
 * *body if asked for, and its Content-Type line in headers. *json keeps the
 * JSON itself (release both). 0 or -1 with err.
 */
int hub_compose_body(const struct delivery_content *content,
		     const struct provider_compose_options *options, struct strvec *headers,
		     struct buf *json, struct buf *body, struct error *err);

#endif
