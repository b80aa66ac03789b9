/*
 * One changed path: who is touched?
 *
 * While the trees are walked, each directory carries a cookie: the deepest
 * node of the trie on its path, whether that node is the directory itself,
 * and whether something at or above it watches everything below.  Where
 * neither the trie goes on nor anything above watches, the walk turns back.
 *
 * For a change, in this order, so that the nearest probe is the one told:
 *   - the path itself: FILE, ABSENT, SUBTREE, LIST
 *   - its directory: LIST
 *   - each directory above: SUBTREE, ABSENT (something appears below what was
 *     not there), GLOB
 *
 * Two changes reach further than their own path.  A symbolic link or a
 * submodule that appears can give a meaning to every path below it.  A
 * .gitattributes file changes how everything below its directory is checked
 * out (gitattributes(5): eol, text, filter, ident, working-tree-encoding),
 * unless it only changes attributes that do not (attributes.h).  Both touch
 * all probes below.
 *
 * Links that lead out of the repository are looked for everywhere: one of them
 * keeps Argo CD from using the repository at all (util/app/path,
 * CheckOutOfBoundsSymlinks).  They touch no probe, but are told to whoever
 * asked (match_options.outside).
 *
 * Plain SUBTREE and GLOB probes of one node are hit together: a hundred
 * thousand units that depend on the whole repository cost one step a change.
 */
#include "index/match.h"

#include <string.h>

#include "base/xalloc.h"
#include "index/attributes.h"
#include "inputs/meaning.h"

#define COOKIE_EXACT (1ULL << 32)  // the node is the directory itself
#define COOKIE_ACTIVE (1ULL << 33) // something at or above it watches all below
#define COOKIE_DEAD (1ULL << 34)   // only counting

#define BIT(kind) (1U << (kind))

/* One change being matched. */
struct current {
	struct match *m;
	const struct tree_change *change;
	uint32_t number;      // in match.changes; UINT32_MAX: touched nothing yet
	bool mode_only;
	bool names_same;      // nothing appeared, disappeared or changed its kind
	bool hard;            // by how files are checked out, not by what they are
	bool wide;            // stands for everything in and below its directory
	int meaning_same;     // -1: not compared yet
	int holds_none;       // no Kubernetes object, before and after; -1: not looked yet
	uint32_t filter_node; // the filter asked last, and what it said
	uint16_t filter;
	bool filter_said;
};

void match_begin(struct match *m, struct index_table *table, struct repo *repo,
		 const struct match_options *options)
{
	memset(m, 0, sizeof(*m));
	m->table = table;
	m->repo = repo;
	m->options = *options;
}

void match_end(struct match *m)
{
	for (size_t i = 0; i < m->hit_count; i++) {
		const struct match_hit *hit = &m->hits[i];

		index_at(m->table, hit->unit)->hit = 0;
		trie_at(&m->table->trie, hit->node)->hit = 0;
		free(hit->changes.items);
	}
	free(m->hits);
	free(m->spared);
	strvec_release(&m->paths);
	free(m->same);
	free(m->changes);
	arena_release(&m->arena);
	memset(m, 0, sizeof(*m));
}

static uint32_t change_number(struct current *c)
{
	struct match *m = c->m;

	if (c->number == UINT32_MAX) {
		c->number = (uint32_t)m->change_count;
		m->changes = xgrow(m->changes, m->change_count, &m->change_capacity,
				   sizeof(*m->changes));
		m->changes[m->change_count++] = (struct match_change){
			.path = arena_text(&m->arena, c->change->path, c->change->len),
			.kind = c->change->kind,
		};
	}
	return c->number;
}

static void add_hit(struct current *c, uint32_t *place, uint32_t unit, uint32_t node,
		    enum probe_kind kind)
{
	struct match *m = c->m;
	uint32_t number = change_number(c);

	if (*place == 0) {
		m->hits = xgrow(m->hits, m->hit_count, &m->hit_capacity, sizeof(*m->hits));
		m->hits[m->hit_count++] = (struct match_hit){ .unit = unit, .node = node };
		*place = (uint32_t)m->hit_count;
	}
	struct match_hit *hit = &m->hits[*place - 1];
	hit->hard = hit->hard || c->hard;
	size_t n = hit->changes.count;

	if (n > 0 && hit->changes.items[n - 1] == number) {
		return;
	}
	if (n < LIMIT_REASONS) {
		hit->probes[n] = (uint8_t)kind;
	}
	numbers_push(&hit->changes, number);
}

/* Bytes of path in front of what lies below node's directory. */
static size_t offset_below(const struct trie *trie, uint32_t node, const char *path)
{
	const char *p = path;

	for (; node != TRIE_ROOT; node = trie_at(trie, node)->parent) {
		p = strchr(p, '/') + 1;
	}
	return (size_t)(p - path);
}

static bool filter_takes(struct current *c, const struct posting *p)
{
	struct index_table *t = c->m->table;
	const struct tree_change *change = c->change;

	/* A submodule may hold whatever the filter wants. */
	if (change->before.kind == TREE_GITLINK || change->after.kind == TREE_GITLINK) {
		return true;
	}
	if (c->filter != p->filter || c->filter_node != p->node) {
		size_t skip = offset_below(&t->trie, p->node, change->path);

		c->filter = p->filter;
		c->filter_node = p->node;
		c->filter_said = filters_match(&t->filters, p->filter, change->path + skip,
					       change->name - skip);
	}
	return c->filter_said;
}

static bool is_regular(const struct tree_entry *entry)
{
	return entry->kind == TREE_FILE || entry->kind == TREE_EXEC;
}

static bool meaning_is_same(struct current *c)
{
	if (c->meaning_same < 0) {
		const struct tree_change *change = c->change;

		c->meaning_same = c->m->repo != NULL && change->kind == CHANGE_MODIFIED &&
				  is_regular(&change->before) && is_regular(&change->after) &&
				  meaning_same(c->m->repo, change->path + change->name,
					       &change->before.id, &change->after.id);
	}
	return c->meaning_same;
}

static bool side_holds_none(const struct current *c, const struct tree_entry *entry)
{
	const struct tree_change *change = c->change;

	return entry->kind == TREE_ABSENT ||
	       (is_regular(entry) &&
		meaning_holds_no_object(c->m->repo, change->path + change->name, &entry->id));
}

static bool holds_no_object(struct current *c)
{
	if (c->holds_none < 0) {
		c->holds_none = c->m->repo != NULL && side_holds_none(c, &c->change->before) &&
				side_holds_none(c, &c->change->after);
	}
	return c->holds_none;
}

static bool link_appears(const struct tree_change *change)
{
	enum tree_kind after = change->after.kind;

	return (after == TREE_LINK || after == TREE_GITLINK) && after != change->before.kind;
}

/* What a probe asks of a path that leads to it; at its own path there is no filter. */
static bool path_fits(struct current *c, const struct posting *p, bool self)
{
	if (self) {
		return !(p->flags & PROBE_BELOW);
	}
	bool link = c->change->before.kind == TREE_LINK || c->change->after.kind == TREE_LINK;

	return p->filter == 0 || (p->flags & PROBE_LINKS && link) || filter_takes(c, p);
}

/* Does the change touch a probe that its path leads to? self: the probe is at the path. */
static bool touches(struct current *c, const struct posting *p, bool self)
{
	if (c->change->directory) {
		return (p->flags & PROBE_DIRS || p->kind == PROBE_ABSENT) && path_fits(c, p, self);
	}
	if (p->flags & PROBE_NO_FILES) {
		/* What directories a submodule brings is not known. */
		return c->change->before.kind == TREE_GITLINK ||
		       c->change->after.kind == TREE_GITLINK;
	}
	if (p->flags & PROBE_NAMES && c->names_same) {
		return false;
	}
	if (c->wide) {
		return true;
	}
	if ((c->mode_only && !(p->flags & PROBE_EXEC)) || !path_fits(c, p, self)) {
		return false;
	}
	if (p->flags & PROBE_OBJECTS && holds_no_object(c)) {
		return false;
	}
	return !(p->flags & PROBE_MEANING) || !meaning_is_same(c);
}

/* A probe that was not touched: would it be, did the file not mean the same? */
static void look_spared(struct current *c, const struct posting *p, bool self)
{
	struct match *m = c->m;

	if (m->spared_count >= MATCH_SPARED_MAX || c->change->directory ||
	    p->flags & (PROBE_NAMES | PROBE_NO_FILES) || !path_fits(c, p, self)) {
		return;
	}
	m->spared = xgrow(m->spared, m->spared_count, &m->spared_capacity, sizeof(*m->spared));
	m->spared[m->spared_count++] = (struct match_spared){
		.unit = p->unit, .change = change_number(c), .probe = p->kind,
	};
}

/* Postings of the wanted kinds at a node, one by one. */
static void visit(struct current *c, uint32_t node, unsigned kinds, bool self, bool plain_too)
{
	struct index_table *t = c->m->table;

	if ((trie_at(&t->trie, node)->kinds & kinds) == 0) {
		return;
	}
	for (uint32_t n = trie_at(&t->trie, node)->postings; n != 0; n = t->postings[n].next) {
		const struct posting *p = &t->postings[n];

		c->m->visits++;
		if ((kinds & BIT(p->kind)) == 0 || (!plain_too && index_is_plain(p))) {
			continue;
		}
		if (touches(c, p, self)) {
			add_hit(c, &t->units[p->unit].hit, p->unit, 0, (enum probe_kind)p->kind);
		} else if (c->m->options.told) {
			look_spared(c, p, self);
		}
	}
}

/* Postings that watch what is below a node: the plain ones together. */
static void visit_watchers(struct current *c, uint32_t node, unsigned kinds)
{
	struct trie_node *at = trie_at(&c->m->table->trie, node);
	bool together = !c->change->directory && !c->mode_only;

	if ((at->kinds & kinds) == 0) {
		return;
	}
	if (at->kinds & INDEX_PLAIN && together &&
	    at->kinds & (BIT(PROBE_SUBTREE) | BIT(PROBE_GLOB))) {
		bool glob = at->kinds & BIT(PROBE_GLOB);

		add_hit(c, &at->hit, 0, node, glob ? PROBE_GLOB : PROBE_SUBTREE);
	}
	if (at->kinds & INDEX_OTHER || !together || at->kinds & BIT(PROBE_ABSENT)) {
		visit(c, node, kinds, false, !together);
	}
}

/* A pattern may lead through what is no file: a link or submodule that comes or goes. */
static bool opens_way(const struct current *c, enum glob_dialect dialect, const char *pattern)
{
	const struct tree_change *change = c->change;
	enum tree_kind before = change->before.kind;
	enum tree_kind after = change->after.kind;

	return !c->m->options.argocd &&
	       (before == TREE_LINK || before == TREE_GITLINK || after == TREE_LINK ||
		after == TREE_GITLINK) &&
	       glob_may_go_below(dialect, pattern, change->path);
}

static void visit_globs(struct current *c, uint32_t directory)
{
	const struct trie *trie = &c->m->table->trie;
	uint32_t glob = trie_at(trie, directory)->next_glob;

	for (; glob != 0; glob = trie_at(trie, glob)->next_glob) {
		enum glob_dialect dialect;
		const char *pattern;

		c->m->visits++;
		if (trie_at(trie, glob)->postings == 0) {
			continue;
		}
		c->m->visits += 15;
		if (trie_glob(trie, glob, &dialect, &pattern) &&
		    (c->wide || opens_way(c, dialect, pattern) ||
		     glob_match(dialect, pattern, c->change->path) == GLOB_MATCH)) {
			visit_watchers(c, glob, BIT(PROBE_GLOB));
		}
	}
}

/* Everything at and below a node is touched. */
static void visit_below(struct current *c, uint32_t top)
{
	const struct trie *trie = &c->m->table->trie;
	uint32_t node = top;

	c->wide = true;
	while (node != 0) {
		const struct trie_node *at = trie_at(trie, node);

		c->m->visits++;
		visit(c, node, ~0U, true, true);
		if (c->m->visits > MATCH_VISITS_MAX) {
			return;
		}
		if (at->first_child != 0) {
			node = at->first_child;
			continue;
		}
		while (node != top && trie_at(trie, node)->next_sibling == 0) {
			node = trie_at(trie, node)->parent;
		}
		node = node != top ? trie_at(trie, node)->next_sibling : 0;
	}
}

/* Probes at the path and in its directory. */
static void match_near(struct current *c, uint32_t directory, bool attributes)
{
	const struct tree_change *change = c->change;
	const unsigned here = BIT(PROBE_FILE) | BIT(PROBE_ABSENT) | BIT(PROBE_SUBTREE) |
			      BIT(PROBE_LIST);
	uint32_t self = trie_find(&c->m->table->trie, directory, change->path + change->name,
				  change->len - change->name);

	if (self != 0) {
		visit(c, self, here, true, true);
	}
	visit(c, directory, BIT(PROBE_LIST), false, true);
	if (self != 0 && !c->m->options.argocd && link_appears(change)) {
		visit_below(c, self);
	}
	if (attributes) {
		visit_below(c, directory);
	}
}

/* Is this a .gitattributes file that changes how other files are checked out? */
static bool shapes_checkout(const struct match *m, const struct tree_change *change)
{
	const struct tree_entry *before = &change->before;
	const struct tree_entry *after = &change->after;

	if (change->directory || strcmp(change->path + change->name, ".gitattributes") != 0) {
		return false;
	}
	bool known = m->repo != NULL && (before->kind == TREE_ABSENT || is_regular(before)) &&
		     (after->kind == TREE_ABSENT || is_regular(after));

	return !known || !attributes_same(m->repo, &before->id, &after->id);
}

/*
 * Does a link's text lead out of the repository, if only on its way?  As Argo
 * CD: absolute, or a ".." too many, component by component.
 */
static bool leads_out(const char *target, size_t len, const struct tree_change *change)
{
	size_t depth = 0;

	for (size_t i = 0; i < change->name; i++) {
		depth += change->path[i] == '/';
	}
	if (len == 0 || target[0] == '/') {
		return true;
	}
	for (size_t at = 0; at < len;) {
		const char *slash = memchr(target + at, '/', len - at);
		size_t n = slash != NULL ? (size_t)(slash - target) - at : len - at;

		if (n == 2 && memcmp(target + at, "..", 2) == 0) {
			if (depth == 0) {
				return true;
			}
			depth--;
		} else if (n > 0 && !(n == 1 && target[at] == '.')) {
			depth++;
		}
		at += n + 1;
	}
	return false;
}

static bool is_outside(const struct match *m, const struct tree_change *change,
		       const struct tree_entry *entry)
{
	struct repo_object object = { 0 };

	if (entry->kind != TREE_LINK) {
		return false;
	}
	if (repo_read(m->repo, &entry->id, REPO_BLOB, LIMIT_PATH_BYTES, &object, NULL) != REPO_OK) {
		return true;
	}
	bool out = leads_out(object.data, object.len, change);
	repo_object_release(&object);
	return out;
}

/* Whether a link leads out was one way before, and is the other now. */
static void look_outside(struct current *c)
{
	const struct tree_change *change = c->change;
	struct match *m = c->m;

	if (m->options.outside && m->outside == 0 && m->repo != NULL && !change->directory &&
	    is_outside(m, change, &change->before) != is_outside(m, change, &change->after)) {
		m->outside = change_number(c) + 1;
	}
}

/* Keep what git diff --name-status would say of the change, as long as there is room. */
static void keep_path(struct match *m, const struct tree_change *change)
{
	static const char letters[] = {
		[CHANGE_ADDED] = 'A', [CHANGE_MODIFIED] = 'M', [CHANGE_REMOVED] = 'D',
	};

	if (m->options.told && !change->directory && m->paths.count < LIMIT_PATHS_KEPT &&
	    m->path_bytes + change->len < LIMIT_PATHS_BYTES) {
		m->path_bytes += change->len;
		strvec_pushf(&m->paths, "%c %s", letters[change->kind], change->path);
	}
}

static int match_one(struct match *m, uint64_t cookie, const struct tree_change *change)
{
	uint32_t node = (uint32_t)cookie;
	bool regular = is_regular(&change->before) && is_regular(&change->after);
	struct current c = {
		.m = m,
		.change = change,
		.number = UINT32_MAX,
		.mode_only = regular && oid_equal(&change->before.id, &change->after.id),
		.names_same = regular || change->before.kind == change->after.kind,
		.meaning_same = -1,
		.holds_none = -1,
	};

	m->changed_paths += !change->directory;
	keep_path(m, change);
	look_outside(&c);
	if (cookie & COOKIE_DEAD) {
		return 0;
	}
	bool wide = !m->options.argocd && shapes_checkout(m, change);

	c.hard = wide;
	if (cookie & COOKIE_EXACT) {
		match_near(&c, node, wide);
	}
	c.wide = wide;
	for (; cookie & COOKIE_ACTIVE && node != 0; node = trie_at(&m->table->trie, node)->parent) {
		visit_watchers(&c, node, BIT(PROBE_SUBTREE) | BIT(PROBE_ABSENT));
		visit_globs(&c, node);
	}
	return m->visits > MATCH_VISITS_MAX ? REPO_LIMIT : 0;
}

/* The cookie of a node that is a directory of the path. */
static uint64_t cookie_of(const struct trie *trie, uint32_t node, uint64_t parent)
{
	const struct trie_node *at = trie_at(trie, node);
	const unsigned watchers = BIT(PROBE_SUBTREE) | BIT(PROBE_ABSENT);
	uint64_t active = parent & COOKIE_ACTIVE;

	if (at->kinds & watchers || at->next_glob != 0) {
		active = COOKIE_ACTIVE;
	}
	return node | COOKIE_EXACT | active;
}

/* Step into a directory. False if nothing below it can touch anything. */
static bool step(const struct match *m, uint64_t parent, const char *name, size_t len,
		 uint64_t *ret_cookie)
{
	const struct trie *trie = &m->table->trie;
	uint32_t node = 0;

	if (parent & COOKIE_EXACT) {
		node = trie_find(trie, (uint32_t)parent, name, len);
	}
	if (node == 0) {
		*ret_cookie = parent & ~COOKIE_EXACT;
		return parent & COOKIE_ACTIVE;
	}
	*ret_cookie = cookie_of(trie, node, parent);
	return *ret_cookie & COOKIE_ACTIVE || trie_at(trie, node)->first_child != 0 ||
	       trie_at(trie, node)->kinds & BIT(PROBE_LIST);
}

static bool enter(void *arg, uint64_t parent, const char *path, size_t len, size_t name,
		  uint64_t *ret_cookie)
{
	const struct match *m = arg;

	if (!(parent & COOKIE_DEAD) && step(m, parent, path + name, len - name, ret_cookie)) {
		return true;
	}
	*ret_cookie = COOKIE_DEAD;
	return m->options.count_all || m->options.outside;
}

static int on_change(void *arg, uint64_t parent, const struct tree_change *change)
{
	return match_one(arg, parent, change);
}

struct treewalk_visitor match_visitor(struct match *m)
{
	return (struct treewalk_visitor){
		.enter = enter,
		.change = on_change,
		.arg = m,
		.root_cookie = cookie_of(&m->table->trie, TRIE_ROOT, 0),
	};
}

bool match_is_full(const struct match *m)
{
	return m->visits > MATCH_VISITS_MAX;
}
