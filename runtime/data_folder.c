/* data_folder.c: in: a folder; out: the images in it in a fixed order, with the identity of each file.
 * Invariant: the order depends on names only (bytes compared), not on the file system; a walk ends although links form loops. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "data_folder.h"
#include "message.h"

typedef struct Names {
	char **names;
	int64_t count, capacity;
} Names;

/* The folders that a walk is in, innermost first. */
typedef struct Trail {
	FileId id;
	const char *path;
	const struct Trail *outer;
} Trail;

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(Names *list)
{
	for (int64_t i = 0; i < list->count; i++) free(list->names[i]);
	free(list->names);
	*list = (Names){0};
}

/* Names in a folder, sorted, hidden ones left out. */
static int read_names(const char *folder, Names *list)
{
	*list = (Names){0};
	DIR *stream = opendir(folder);
	if (stream == NULL) {
		nn_error("%s: %s", folder, strerror(errno));
		return 1;
	}
	struct dirent *entry;
	int failed = 0;
	while (!failed && (entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] == '.') continue;
		failed = nn_reserve(&list->names, list->count, &list->capacity, sizeof *list->names);
		if (failed) break;
		char *copy = nn_copy_text(entry->d_name, strlen(entry->d_name));
		failed = copy == NULL;
		if (!failed) list->names[list->count++] = copy;
	}
	closedir(stream);
	if (failed) {
		nn_error("%s: out of memory", folder);
		free_names(list);
	} else if (list->count > 0)
		qsort(list->names, (size_t)list->count, sizeof *list->names, compare_names);
	return failed;
}

char *nn_join(const char *folder, const char *name)
{
	size_t length = strlen(folder);
	while (length > 1 && folder[length - 1] == '/') length--;
	size_t size = length + strlen(name) + 2;
	char *path = malloc(size);
	if (path != NULL) snprintf(path, size, "%.*s/%s", (int)length, folder, name);
	return path;
}

static int ends_as_image(const char *path)
{
	static const char *const endings[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif",
					      ".tiff", ".webp", ".dcm", ".ppm", ".pgm"};
	size_t length = strlen(path);
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t size = strlen(endings[i]);
		if (length > size && strcasecmp(path + length - size, endings[i]) == 0) return 1;
	}
	return 0;
}

static int begins_as_image(const char *path)
{
	uint8_t head[8];
	FILE *file = fopen(path, "rb");
	if (file == NULL) return 0;
	size_t got = fread(head, 1, sizeof head, file);
	fclose(file);
	return nn_image_known(head, got);
}

static int add_item(FileList *list, char *path, const struct stat *status)
{
	if (nn_reserve(&list->items, list->count, &list->capacity, sizeof *list->items)) {
		nn_error("%s: out of memory", path);
		free(path);
		return 1;
	}
	list->items[list->count++] = (FileItem){path, {status->st_dev, status->st_ino, 0}, list->class};
	return 0;
}

/* Takes path. A link that leads nowhere counts as an image that can't be read if it is called like one. */
static int add_file(FileList *list, char *path, const struct stat *status)
{
	if (list->all || ends_as_image(path) || (S_ISREG(status->st_mode) && begins_as_image(path))) return add_item(list, path, status);
	if (list->ignored++ == 0)
		list->first_ignored = path;
	else
		free(path);
	return 0;
}

static int walk(const char *folder, const struct stat *status, const Trail *outer, FileList *list);

static int walk_names(const char *folder, const Names *names, const Trail *trail, int folders, FileList *list)
{
	int failed = 0;
	for (int64_t i = 0; i < names->count && !failed; i++) {
		struct stat status = {0};
		char *path = nn_join(folder, names->names[i]);
		if (path == NULL) return 1;
		int is_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
		if (!is_folder && !folders)
			failed = add_file(list, path, &status);
		else {
			if (is_folder && folders) failed = walk(path, &status, trail, list);
			free(path);
		}
	}
	return failed;
}

static int walk(const char *folder, const struct stat *status, const Trail *outer, FileList *list)
{
	Trail trail = {{status->st_dev, status->st_ino, 0}, folder, outer};
	for (const Trail *t = outer; t != NULL; t = t->outer)
		if (t->id.device == trail.id.device && t->id.inode == trail.id.inode) {
			nn_error("%s: a symbolic link that leads back to %s", folder, t->path);
			return 1;
		}
	Names names;
	if (read_names(folder, &names)) return 1;
	int failed = walk_names(folder, &names, &trail, 0, list) || walk_names(folder, &names, &trail, 1, list);
	free_names(&names);
	return failed;
}

int nn_walk(const char *folder, FileList *list)
{
	struct stat status;
	if (stat(folder, &status) == 0) return walk(folder, &status, NULL, list);
	nn_error("%s: %s", folder, strerror(errno));
	return 1;
}

int nn_walk_file(const char *path, FileList *list)
{
	struct stat status = {0};
	if (stat(path, &status) != 0) {
		nn_error("%s: %s", path, strerror(errno));
		return 1;
	}
	char *copy = nn_copy_text(path, strlen(path));
	return copy == NULL || add_item(list, copy, &status);
}

void nn_file_list_free(FileList *list)
{
	for (int64_t i = 0; i < list->count; i++) free(list->items[i].path);
	free(list->items);
	free(list->first_ignored);
	*list = (FileList){0};
}

int nn_subfolders(const char *folder, char ***found, int *count)
{
	Names names;
	*found = NULL;
	*count = 0;
	struct stat status;
	if (stat(folder, &status) != 0) {
		nn_error("%s: %s", folder, strerror(errno));
		return 1;
	}
	if (!S_ISDIR(status.st_mode)) {
		nn_error("%s: is not a folder; image_folder reads a folder with one folder for each class", folder);
		return 1;
	}
	if (read_names(folder, &names)) return 1;
	int64_t kept = 0;
	for (int64_t i = 0; i < names.count; i++) {
		char *path = nn_join(folder, names.names[i]);
		int is_folder = path != NULL && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
		free(path);
		if (is_folder)
			names.names[kept++] = names.names[i];
		else
			free(names.names[i]);
	}
	*found = names.names;
	*count = (int)kept;
	return 0;
}
