/*
 * Every ceiling in one place, each with its reason.  Those that an operator
 * may need to move are settings (lib/config) whose defaults stand here.
 */
#ifndef LIB_BASE_LIMITS_H
#define LIB_BASE_LIMITS_H

/* HTTP request: a webhook's header is 1-2 KB; 64 lines is twice GitHub's. */
#define LIMIT_HEADER_BYTES 8192
#define LIMIT_HEADER_LINES 64
#define LIMIT_TARGET_BYTES 2048

/* Addresses to listen at; each is a descriptor, and a few lines of log at the start. */
#define LIMIT_LISTEN 64

/* Reader processes: each has one repository at a time, and memory of its own. */
#define LIMIT_READERS 64

/* Body: GitHub's and GitLab's own cap. */
#define LIMIT_BODY_BYTES (25U * 1024 * 1024)

/*
 * Body at /api/webhook, where several secrets may be tried over the whole of
 * it for somebody who knows none: a push webhook is some 10 KB.
 */
#define LIMIT_ANY_BODY_BYTES (1024U * 1024)

/* All bodies in memory together: two of the largest and many small ones. */
#define LIMIT_BODIES_BYTES (64U * 1024 * 1024)

/* What is kept of a body in the journal, for people who ask what was sent. */
#define LIMIT_BODY_KEPT 65536

/* A file with a token, of a target or of git: the longest JWTs are half of it. */
#define LIMIT_TOKEN_BYTES 8192

/* Refs in one delivery: GitHub sends one, our hook all of a push. */
#define LIMIT_REFS 10000
#define LIMIT_REF_BYTES 1024

/*
 * What a hook is told of the pushes it sent: read whole by the hook, written
 * so that it always fits (push/push_answer.h); names of one ref in it.
 */
#define LIMIT_ANSWER_BYTES (256U * 1024)
#define LIMIT_ANSWER_NAMES 100

/* Branches and tags of one repository that are looked at: of more nobody keeps track. */
#define LIMIT_LISTED_REFS 100000

/* Addresses of one repository in a payload. */
#define LIMIT_URLS 32

/* JSON of a payload after the parts we do not read were skipped. */
#define LIMIT_JSON_NODES 200000
#define LIMIT_JSON_DEPTH 64

/* YAML: go-yaml allows more, no real manifest comes near. */
#define LIMIT_YAML_BYTES (4U * 1024 * 1024)
#define LIMIT_YAML_DEPTH 100
#define LIMIT_YAML_NODES 200000
#define LIMIT_YAML_DOCUMENTS 10000
#define LIMIT_YAML_ANCHORS 1000

/* Git trees: git itself refuses paths over 4,096 bytes on most systems. */
#define LIMIT_PATH_BYTES 4096
#define LIMIT_TREE_DEPTH 256
#define LIMIT_TREE_BYTES (64U * 1024 * 1024)

/* Changed paths that are kept with a push, for people: the first ones, of so many bytes. */
#define LIMIT_PATHS_KEPT 1000
#define LIMIT_PATHS_BYTES 65536

/*
 * Paths that differ in one push, in directories that somebody reads: half a second of a
 * reader, which other repositories wait for.  Ten lines of a commit can make billions of
 * them (a directory of ten times the same directory, ten deep); who changes more than this
 * changes everything, and all that follow the ref are taken.
 */
#define LIMIT_CHANGED_PATHS 100000

/* Frames between us and a reader: 100,000 applications fit in pieces. */
#define LIMIT_FRAME_BYTES (16U * 1024 * 1024)

/*
 * Applications we hold; and those of one place in a repository, where everybody
 * who may commit there could fill all the room.
 */
#define LIMIT_APPLICATIONS 200000
#define LIMIT_PLACE_APPLICATIONS 50000

/* One application: etcd holds objects up to 1.5 MB; dozens of sources are rare. */
#define LIMIT_APPLICATION_BYTES (1024 * 1024)
#define LIMIT_SOURCES 256

/* Reasons kept for one application of one push; the count is kept in full. */
#define LIMIT_REASONS 8

/* Links of the chain of one reason; of a longer one the middle is left out. */
#define LIMIT_VIA 64

/* What a target answered, kept for people. */
#define LIMIT_OUTPUT_KEPT 16384
#define LIMIT_RESPONSE_BYTES (4U * 1024 * 1024)

#endif
