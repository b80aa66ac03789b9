/*
 * How fast each source may send: a rate in deliveries a second, with room for a
 * burst, since a forge sends a push of 1,000 tags at once.  One secret that was
 * caught cannot fill the journal faster than that.
 *
 * Sources are known by their names, so the pace goes on when the configuration is
 * read anew.  Loop thread only.
 */
#ifndef RECEIVER_DOOR_PACE_H
#define RECEIVER_DOOR_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace;

/* A pace at which nobody has sent anything yet. Never NULL. */
struct pace *pace_new(void);

/* Free it. NULL is fine. */
void pace_free(struct pace *pace);

/*
 * May the source send one more at now_ms (monotonic)?  Then it has.  rate: how many
 * a second, 0: any number.  What ten seconds at this rate allow may come at once.
 */
bool pace_take(struct pace *pace, const char *source, double rate, int64_t now_ms);

#endif
