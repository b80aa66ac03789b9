/*
 * Noticing that files have changed.
 *
 * The directories of the files are watched, not the files: an editor renames
 * a new file over the old one, and Kubernetes swaps the "..data" link of a
 * ConfigMap, and neither touches the file that was opened.  Events are only a
 * hint; the callback looks for itself whether anything is different.  It is
 * also called every minute, for file systems that give no events.
 *
 * Loop thread only.
 */
#ifndef RECEIVER_OPS_WATCH_H
#define RECEIVER_OPS_WATCH_H

struct event_base;
struct watch;

/* Milliseconds of quiet after an event before the callback runs. */
#define WATCH_QUIET_MS 100

/* Seconds between two calls without any event. */
#define WATCH_POLL_SECONDS 60

/*
 * A new watch on base. changed(ctx) is called from the loop. Never NULL; where
 * inotify is not to be had, only the minute is left.
 */
struct watch *watch_new(struct event_base *base, void (*changed)(void *ctx), void *ctx);

/* Stop and free; NULL is fine. */
void watch_free(struct watch *w);

/*
 * Forget all paths.  The callback is called once more soon after, whatever is
 * watched then: what happened to those of before and was not told yet is not
 * lost, nor what happened to new ones before they were watched.
 */
void watch_clear(struct watch *w);

/* Watch the directory path itself. What does not exist is left to the minute. */
void watch_add_directory(struct watch *w, const char *path);

/* Watch the directory that file stands in, and the one that it is a link into. */
void watch_add_file(struct watch *w, const char *file);

#endif
