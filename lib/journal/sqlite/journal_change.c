/*
 * Changes: deliveries in, plans, what became of pushes and triggers.
 *
 * Each is a savepoint within the open transaction, so that one that cannot be
 * carried out leaves the others of a group commit alone.  A delivery that is
 * there already is found by (source, sender_id, body): senders repeat, and
 * some reuse an id for another body.  Where only the body is signed the id is
 * anybody's to choose, and one who caught a delivery could fill the journal with
 * it: there the body alone is what a repeat is known by.
 */
#include <sqlite3.h>
#include <string.h>

#include "base/limits.h"
#include "base/mstime.h"
#include "journal/sqlite/journal_db.h"
#include "journal/sqlite/journal_purge.h"

static enum record_result begin_change(struct journal_db *j, struct error *err)
{
	enum record_result result = journal_db_guard(j, err);

	return result == RECORD_OK ? journal_db_run(j, SQL_SAVEPOINT, NULL, err, "") : result;
}

static enum record_result end_change(struct journal_db *j, enum record_result result,
				      struct error *err)
{
	if (result != RECORD_OK) {
		journal_db_reserved(j, false);
	}
	if (result != RECORD_OK && sqlite3_get_autocommit(j->db)) {
		return result; /* SQLite rolled all of it back */
	}
	if (result != RECORD_OK) {
		(void)journal_db_run(j, SQL_ROLLBACK_TO, NULL, NULL, "");
		(void)journal_db_run(j, SQL_RELEASE, NULL, NULL, "");
		return j->failed ? RECORD_FAILED : result;
	}
	return journal_db_run(j, SQL_RELEASE, NULL, err, "");
}

static enum push_state stored_state(enum push_state state)
{
	return state == PUSH_RESOLVING || state == PUSH_MATCHING ? PUSH_ACCEPTED : state;
}

static enum record_result add_push(struct journal_db *j, struct record_push *p, int64_t delivery,
				    struct error *err)
{
	enum push_state state = stored_state(p->state);
	enum record_result result = journal_db_sequence(j, &p->sequence, err);

	if (result != RECORD_OK) {
		return result;
	}
	result = journal_db_run(
		j, SQL_ADD_PUSH, NULL, err, "ittootitit" "ooiiiiiiiii", delivery, p->repository,
		p->ref, &p->before, &p->after, p->default_branch, p->replay_of,
		push_state_name(state), (int64_t)push_is_final(state), p->reason, &p->base, &p->tip,
		p->changed_paths, p->tracked, p->affected, p->applications, (int64_t)p->attempts,
		p->accepted_ms, p->next_ms, p->decided_ms, p->sequence);
	if (result == RECORD_OK) {
		p->id = sqlite3_last_insert_rowid(j->db);
		p->delivery = delivery;
	}
	return result;
}

static enum record_result insert_delivery(struct journal_db *j, struct record_delivery *d,
					   struct error *err)
{
	size_t kept = d->body_len < LIMIT_BODY_KEPT ? d->body_len : LIMIT_BODY_KEPT;
	enum record_result result = journal_db_sequence(j, &d->sequence, err);

	if (result != RECORD_OK) {
		return result;
	}
	result = journal_db_run(
		j, SQL_ADD_DELIVERY, NULL, err, "tttttttbiii", d->source, d->provider, d->sender_id,
		d->body_sha256, d->event, d->pusher, d->ignored, (const void *)d->body, kept,
		d->body_size, d->received_ms, d->sequence);
	int64_t id = sqlite3_last_insert_rowid(j->db);

	for (size_t i = 0; result == RECORD_OK && i < d->push_count; i++) {
		result = add_push(j, &d->pushes[i], id, err);
	}
	if (result == RECORD_OK) {
		d->id = id;
	}
	return result;
}

enum record_result journal_db_add_delivery(struct journal *journal,
					   struct record_delivery *d, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum record_result result = begin_change(j, err);

	if (result != RECORD_OK) {
		return result;
	}
	/* Asked first: a repeat needs no room, and is to be told so even when there is none. */
	result = journal_db_number(j, SQL_FIND_DELIVERY, &d->id, err, "ttti", d->source,
				   d->sender_id, d->body_sha256, (int64_t)d->known_by_body);
	if (result == RECORD_OK) {
		result = RECORD_DUPLICATE;
	}
	if (result == RECORD_NOT_FOUND) {
		result = journal_purge_check_room(j, err);
		if (result == RECORD_OK) {
			result = insert_delivery(j, d, err);
		}
	}
	return end_change(j, result, err);
}

static enum record_result decide_push(struct journal_db *j, const struct record_push *p,
				       struct error *err)
{
	const char *fallback = p->fallback != FALLBACK_NONE ? fallback_name(p->fallback) : NULL;
	enum push_state state = stored_state(p->state);
	int changes = 0;
	enum record_result result = journal_db_run(
		j, SQL_DECIDE_PUSH, &changes, err, "ititooiiiiiiitt", p->id, push_state_name(state),
		(int64_t)push_is_final(state), p->reason, &p->base, &p->tip, p->changed_paths,
		p->tracked, p->affected, p->applications, (int64_t)p->attempts, p->next_ms,
		p->decided_ms, fallback, p->found);

	if (result == RECORD_OK && changes == 0) {
		return error_set(err, RECORD_NOT_FOUND, "no undecided push %lld",
				 (long long)p->id);
	}
	return result;
}

static enum record_result add_trigger(struct journal_db *j, struct trigger *t, struct error *err)
{
	enum record_result result = journal_db_sequence(j, &t->sequence, err);

	if (result != RECORD_OK) {
		return result;
	}
	result = journal_db_run(
		j, SQL_ADD_TRIGGER, NULL, err, "itttootii" "tiiiiii", t->push, t->application,
		t->project, t->target, &t->before, &t->after, t->reasons, (int64_t)t->automated,
		(int64_t)t->hard, trigger_state_name(t->state),
		(int64_t)trigger_is_over(t), (int64_t)t->attempts, t->created_ms,
		t->next_ms, t->finished_ms, t->sequence);
	if (result == RECORD_OK) {
		t->id = sqlite3_last_insert_rowid(j->db);
	}
	return result;
}

static enum record_result move_ref(struct journal_db *j, const struct record_plan *plan,
				    struct error *err)
{
	if (plan->only_seen) {
		return journal_db_run(j, SQL_SEE_REF, NULL, err, "ttoi", plan->repository,
				      plan->ref, &plan->commit, mstime_wall());
	}
	if (oid_is_zero(&plan->commit)) {
		return journal_db_run(j, SQL_FORGET_REF, NULL, err, "tt", plan->repository,
				      plan->ref);
	}
	return journal_db_run(j, SQL_SET_REF, NULL, err, "ttoit", plan->repository, plan->ref,
			      &plan->commit, mstime_wall(), plan->remote);
}

static enum record_result supersede(struct journal_db *j, const struct record_plan *plan,
				     struct error *err)
{
	int64_t by = plan->push_count > 0 ? plan->pushes[plan->push_count - 1].id : 0;
	enum record_result result = RECORD_OK;

	for (size_t i = 0; result == RECORD_OK && i < plan->superseded_count; i++) {
		result = journal_db_run(j, SQL_SUPERSEDE, NULL, err, "iii", plan->superseded[i], by,
					mstime_wall());
	}
	return result;
}

enum record_result journal_db_add_plan(struct journal *journal, struct record_plan *plan,
				       struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum record_result result = begin_change(j, err);

	if (result != RECORD_OK) {
		return result;
	}
	for (size_t i = 0; result == RECORD_OK && i < plan->push_count; i++) {
		result = decide_push(j, &plan->pushes[i], err);
	}
	if (result == RECORD_OK && plan->move_ref) {
		result = move_ref(j, plan, err);
	}
	if (result == RECORD_OK) {
		result = supersede(j, plan, err);
	}
	for (size_t i = 0; result == RECORD_OK && i < plan->trigger_count; i++) {
		result = add_trigger(j, plan->triggers[i], err);
	}
	return end_change(j, result, err);
}

enum record_result journal_db_update_push(struct journal *journal,
					  const struct record_push *push, struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum push_state state = stored_state(push->state);
	enum record_result result = begin_change(j, err);
	int changes = 0;

	if (result != RECORD_OK) {
		return result;
	}
	result = journal_db_run(j, SQL_UPDATE_PUSH, &changes, err, "ititiii", push->id,
				push_state_name(state), (int64_t)push_is_final(state), push->reason,
				(int64_t)push->attempts, push->next_ms, push->decided_ms);
	if (result == RECORD_OK && changes == 0) {
		result = error_set(err, RECORD_NOT_FOUND, "no undecided push %lld",
				   (long long)push->id);
	}
	return end_change(j, result, err);
}

static enum record_result add_attempt(struct journal_db *j, const struct trigger *t,
				       const struct outcome *outcome, struct error *err)
{
	char cut[LIMIT_OUTPUT_KEPT + 1];
	const char *output = outcome->output;

	if (output != NULL && strnlen(output, sizeof(cut)) == sizeof(cut)) {
		memcpy(cut, output, sizeof(cut) - 1);
		cut[sizeof(cut) - 1] = '\0';
		output = cut;
	}
	return journal_db_run(j, SQL_ADD_ATTEMPT, NULL, err, "iiititt", t->id, (int64_t)t->attempts,
			      mstime_wall(), trigger_state_name(t->state), (int64_t)outcome->code,
			      outcome->reason, output);
}

enum record_result journal_db_update_trigger(struct journal *journal,
					     const struct trigger *t,
					     const struct outcome *outcome,
					     struct error *err)
{
	struct journal_db *j = journal_db_of(journal);
	enum record_result result = begin_change(j, err);
	int changes = 0;

	if (result != RECORD_OK) {
		return result;
	}
	result = journal_db_run(j, SQL_UPDATE_TRIGGER, &changes, err, "itiiiii", t->id,
				trigger_state_name(t->state), (int64_t)trigger_is_over(t),
				(int64_t)t->attempts, t->next_ms, t->finished_ms,
				(int64_t)t->hard);
	if (result == RECORD_OK && changes == 0) {
		result = error_set(err, RECORD_NOT_FOUND, "no unfinished trigger %lld",
				   (long long)t->id);
	}
	if (result == RECORD_OK && outcome != NULL) {
		result = add_attempt(j, t, outcome, err);
	}
	return end_change(j, result, err);
}
