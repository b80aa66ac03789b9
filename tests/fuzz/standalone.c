/*
 * Runs a fuzz target over the files and folders named on the command line and
 * reports TAP, so that each corpus is a regression test without a fuzzer.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count;

static void run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat st;

	if (file == NULL || fstat(fileno(file), &st) != 0) {
		perror(path);
		exit(2);
	}
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size + 1);
	if (data == NULL || fread(data, 1, size, file) != size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
	printf("ok %d - %s\n", ++count, path);
	fflush(stdout);
}

static void run_path(const char *path)
{
	struct stat st;
	DIR *dir;

	if (stat(path, &st) != 0) {
		perror(path);
		exit(2);
	}
	if (!S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	dir = opendir(path);
	for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
		char child[PATH_MAX];

		if (e->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		run_path(child);
	}
	if (dir != NULL) {
		closedir(dir);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		run_path(argv[i]);
	}
	printf("1..%d\n", count);
	return 0;
}
