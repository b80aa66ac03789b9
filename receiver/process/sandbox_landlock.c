/*
 * Landlock: which files a reader can see.
 *
 * "Landlock [...] enables to restrict ambient rights (e.g. global filesystem
 * or network access) for a set of processes" (Linux, Documentation/
 * userspace-api/landlock.rst).  The kernel says which version (ABI) it has;
 * rights of later versions are taken only from there on, because an unknown
 * one would be refused.  What is handled and not granted is forbidden: running
 * a file is granted nowhere, TCP (ABI 4), device controls (5), other
 * processes' abstract sockets and signals (6) neither.
 *
 * The system calls have no wrapper in Debian 12's libc, and its headers stop
 * at ABI 2, so the few constants of later ones stand here.
 */
#include "receiver/process/sandbox_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE                                                                \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |              \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |             \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR)
#define RIGHTS_FIRST_ABI ((1ULL << 13) - 1)
#define RIGHT_REFER (1ULL << 13)     // ABI 2
#define RIGHT_TRUNCATE (1ULL << 14)  // ABI 3
#define RIGHT_IOCTL_DEV (1ULL << 15) // ABI 5
#define NET_TCP_BOTH 3ULL            // ABI 4: bind and connect
#define SCOPE_BOTH 3ULL              // ABI 6: abstract sockets and signals

/* struct landlock_ruleset_attr of ABI 6; earlier kernels take less of it. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

static uint64_t known_rights(int abi)
{
	uint64_t rights = RIGHTS_FIRST_ABI;

	rights |= abi >= 2 ? RIGHT_REFER : 0;
	rights |= abi >= 3 ? RIGHT_TRUNCATE : 0;
	rights |= abi >= 5 ? RIGHT_IOCTL_DEV : 0;
	return rights;
}

static int create_ruleset(int abi)
{
	struct ruleset rules = {
		.fs = known_rights(abi),
		.net = abi >= 4 ? NET_TCP_BOTH : 0,
		.scoped = abi >= 6 ? SCOPE_BOTH : 0,
	};
	size_t size = sizeof(rules.fs);

	size += abi >= 4 ? sizeof(rules.net) : 0;
	size += abi >= 6 ? sizeof(rules.scoped) : 0;
	return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

/*
 * Grant rights below one directory.  One that cannot be opened is passed over:
 * without a grant it stays closed, and whoever reads it is told.
 */
static int grant(int ruleset, const char *path, uint64_t rights, struct error *err)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	int fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	int r = 0;

	if (fd < 0) {
		return 0;
	}
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
		r = error_errno(err, -1, errno, "sandbox: granting %s", path);
	}
	close(fd);
	return r;
}

static int grant_all(int ruleset, const struct strvec *dirs, uint64_t rights, struct error *err)
{
	for (size_t i = 0; i < dirs->count; i++) {
		if (grant(ruleset, dirs->items[i], rights, err) < 0) {
			return -1;
		}
	}
	return 0;
}

int sandbox_landlock(const struct sandbox_options *options, int *ret_abi, struct error *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);
	int r = -1;

	if (abi < 1) {
		*ret_abi = 0;
		return 0;
	}
	uint64_t late = known_rights((int)abi) & (RIGHT_REFER | RIGHT_TRUNCATE);
	int ruleset = create_ruleset((int)abi);
	if (ruleset < 0) {
		return error_errno(err, -1, errno, "sandbox: Landlock");
	}
	if (grant_all(ruleset, &options->read_dirs, RIGHTS_READ, err) < 0 ||
	    grant_all(ruleset, &options->write_dirs, RIGHTS_READ | RIGHTS_WRITE | late, err) < 0) {
		goto out;
	}
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
		(void)error_errno(err, -1, errno, "sandbox: Landlock");
		goto out;
	}
	*ret_abi = (int)abi;
	r = 0;
out:
	close(ruleset);
	return r;
}
