/*
 * Which files do addresses of helm-secrets name?
 *
 * helm-secrets (scripts/commands/downloader.sh) is a plugin by which Helm gets
 *
 *   secrets://FILE                        also with "?" or "BACKEND!" before it
 *   secrets+gpg-import://KEY?FILE         likewise; and age-import
 *   secrets+gpg-import-kubernetes://SECRET#KEY?FILE
 *   secrets+literal://TEXT                a reference of vals
 *
 * FILE and KEY are paths, relative to where Helm runs, or addresses.  Where
 * such a part begins and ends is not asked of the scheme: a file's name may
 * have a mark in it, and backends are programs of anybody's.
 *
 * The backend vals puts what "ref+SCHEME://..." refers to in the place of such
 * a text, also inside of the file that it decrypts; some schemes read files.
 */
#include "inputs/helm/helm_secrets.h"

#include <string.h>

/* Marks in an address behind which the whole rest is taken for a path, too. */
#define ENDS_MAX 16

/* References in one text. */
#define REFERENCES_MAX 1000

/* Schemes of vals that read a file. */
static const char *const local[] = { "file://", "sops://", "tfstate://", "ejson://" };

bool helm_secret_is_address(const char *address)
{
	return strncmp(address, "secrets", 7) == 0 && (address[7] == ':' || address[7] == '+') &&
	       strstr(address, "://") != NULL;
}

bool helm_secret_is_literal(const char *address)
{
	return strncmp(address, "secrets+literal:", 16) == 0;
}

void helm_secret_parts(const char *address, helm_secret_found found, void *arg)
{
	const char *at = strstr(address, "://") + 3;

	for (int i = 0;; i++) {
		size_t len = strcspn(at, "?!=");

		if (len > 0) {
			found(arg, at, len);
		}
		if (at[len] == '\0') {
			return;
		}
		if (i < ENDS_MAX) {
			found(arg, at, strlen(at));
		}
		at += len + 1;
	}
}

/* The state of Terraform has the name of what is wanted of it behind the file's. */
static size_t length_of_path(const char *text, size_t len)
{
	static const char end[] = ".tfstate/";
	const char *state = memmem(text, len, end, sizeof(end) - 1);

	return state != NULL ? (size_t)(state - text) + sizeof(end) - 2 : len;
}

void helm_secret_references(const char *text, size_t len, helm_secret_found found, void *arg)
{
	static const char stops[] = " \t\r\n\"'`,#?+|)}]";
	const char *end = text + len;
	const char *at = memmem(text, len, "ref+", 4);

	for (int i = 0; at != NULL && i < REFERENCES_MAX; i++) {
		at += 4;
		for (size_t k = 0; k < sizeof(local) / sizeof(local[0]); k++) {
			size_t skip = strlen(local[k]);
			size_t n = 0;

			if ((size_t)(end - at) < skip || memcmp(at, local[k], skip) != 0) {
				continue;
			}
			while (at + skip + n < end &&
			       memchr(stops, at[skip + n], sizeof(stops)) == NULL) {
				n++;
			}
			found(arg, at + skip, length_of_path(at + skip, n));
		}
		at = memmem(at, (size_t)(end - at), "ref+", 4);
	}
}
