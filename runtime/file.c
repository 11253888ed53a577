/* Input: bytes and the name they shall have. Output: the file, complete, durable and under its name, or an error and
 * the old one. Invariant: no name that the user gave is ever open for writing, unless it is a pipe or a device. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "file.h"

static int fail(char error[NN_ERROR], const char *path, const char *what) {
	snprintf(error, NN_ERROR, "%.180s: %s: %s", path, what, strerror(errno));
	return 1;
}

int nn_file_exists(const char *path) {
	struct stat status;
	return stat(path, &status) == 0;
}

char *nn_path_join(const char *folder, const char *name) {
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = malloc(size);
	if (!path) return NULL;
	if (name[0] == '/')
		snprintf(path, size, "%s", name);
	else
		snprintf(path, size, "%s/%s", folder, name);
	return path;
}

static char *with_suffix(const char *path, const char *suffix) {
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *result = malloc(size);
	if (result) snprintf(result, size, "%s%s", path, suffix);
	return result;
}

static void forget(nn_file *file) {
	if (file->descriptor >= 0) close(file->descriptor);
	free(file->path);
	free(file->temporary);
	*file = (nn_file){.descriptor = -1};
}

int nn_file_create(nn_file *file, const char *path, char error[NN_ERROR]) {
	struct stat status;
	int direct = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
	*file = (nn_file){.descriptor = -1,
	                  .path = with_suffix(path, ""),
	                  .temporary = direct ? NULL : with_suffix(path, ".tmp")};
	if (!file->path || (!direct && !file->temporary))
		errno = ENOMEM;
	else
		file->descriptor = open(direct ? path : file->temporary,
		                        direct ? O_WRONLY : O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666);
	if (file->descriptor >= 0) return 0;
	fail(error, path, "can't be written");
	forget(file);
	return 1;
}

static int write_all(int descriptor, const void *bytes, size_t size) {
	const char *next = bytes;
	while (size > 0) {
		ssize_t written = write(descriptor, next, size > 1 << 30 ? 1 << 30 : size);
		if (written < 0 && errno == EINTR) continue;
		if (written <= 0) return 1;
		next += written, size -= (size_t)written;
	}
	return 0;
}

int nn_file_write(nn_file *file, const void *bytes, size_t size, char error[NN_ERROR]) {
	return write_all(file->descriptor, bytes, size) ? fail(error, file->path, "can't be written") : 0;
}

/* Makes what was written durable, without giving it its name. */
static int sync_file(nn_file *file, char error[NN_ERROR]) {
	if (fsync(file->descriptor) == 0 || errno == EINVAL || errno == EROFS) return 0; /* pipes can't be synced */
	return fail(error, file->path, "can't be written");
}

static void sync_folder(const char *path) {
	char *folder = with_suffix(path, "");
	if (!folder) return;
	char *slash = strrchr(folder, '/');
	if (slash) slash[slash == folder] = 0;
	int descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY);
	if (descriptor >= 0) fsync(descriptor), close(descriptor);
	free(folder);
}

static int copy_to(int from, const char *path) {
	char buffer[1 << 16];
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0666), failed = to < 0;
	off_t place = 0;
	for (ssize_t size; !failed && (size = pread(from, buffer, sizeof buffer, place)) != 0; place += size)
		failed = size < 0 || write_all(to, buffer, (size_t)size);
	failed = failed || fsync(to);
	if (to >= 0 && close(to)) failed = 1;
	return failed;
}

int nn_file_also(nn_file *file, const char *path, char error[NN_ERROR]) {
	if (sync_file(file, error)) return 1;
	char *temporary = with_suffix(path, ".tmp");
	if (!temporary) return errno = ENOMEM, fail(error, path, "can't be written");
	unlink(temporary);
	int failed = (!file->temporary || link(file->temporary, temporary)) && copy_to(file->descriptor, temporary);
	failed = failed || rename(temporary, path);
	if (failed)
		fail(error, path, "can't be written"), unlink(temporary);
	else
		sync_folder(path);
	free(temporary);
	return failed;
}

int nn_file_commit(nn_file *file, char error[NN_ERROR]) {
	int failed = sync_file(file, error);
	int descriptor = file->descriptor;
	file->descriptor = -1;
	if (close(descriptor) && !failed) failed = fail(error, file->path, "can't be written");
	if (!failed && file->temporary && rename(file->temporary, file->path))
		failed = fail(error, file->path, "can't be renamed to");
	if (failed && file->temporary)
		unlink(file->temporary);
	else if (file->temporary)
		sync_folder(file->path);
	forget(file);
	return failed;
}

void nn_file_abandon(nn_file *file) {
	if (file->temporary) unlink(file->temporary);
	forget(file);
}

int nn_file_replace(const char *path, const void *bytes, size_t size, char error[NN_ERROR]) {
	nn_file file;
	if (nn_file_create(&file, path, error)) return 1;
	if (nn_file_write(&file, bytes, size, error)) return nn_file_abandon(&file), 1;
	return nn_file_commit(&file, error);
}

int nn_file_append(const char *path, const void *bytes, size_t size, char error[NN_ERROR]) {
	int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (descriptor < 0) return fail(error, path, "can't be written");
	off_t before = lseek(descriptor, 0, SEEK_END);
	int failed = write_all(descriptor, bytes, size) || fsync(descriptor);
	if (failed) {
		fail(error, path, "can't be written");
		if (before >= 0 && ftruncate(descriptor, before)) errno = 0; /* the error was said already */
	}
	close(descriptor);
	return failed;
}

int nn_directory_make(const char *path, char error[NN_ERROR]) {
	char *part = with_suffix(path, "");
	if (!part) return errno = ENOMEM, fail(error, path, "can't be made");
	int failed = 0;
	for (char *end = part + 1; !failed && *path; end++) {
		if (*end != '/' && *end != 0) continue;
		char cut = *end;
		*end = 0;
		failed = mkdir(part, 0777) != 0 && errno != EEXIST;
		*end = cut;
		if (!cut) break;
	}
	free(part);
	struct stat status;
	if (!failed && stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) failed = 1, errno = ENOTDIR;
	if (failed) return fail(error, path, "the folder can't be made");
	return access(path, W_OK | X_OK) ? fail(error, path, "the folder can't be written to") : 0;
}
