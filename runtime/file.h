/* file.h: files that are either there as a whole or not at all. All return 0, or 1 with the cause in error (one line).
 */
#ifndef NN_FILE_H
#define NN_FILE_H
#include <stddef.h>

enum { NN_ERROR = 256 }; /* bytes of an error text, as nn_load has it */

/* A file that is written beside its final place and moved there at the end: `replace` for regular files and new ones;
 * what exists and is no regular file (a pipe, /dev/stdout) is written to directly. */
typedef struct nn_file {
	int descriptor;
	char *path, *temporary; /* temporary: NULL when written directly */
} nn_file;

int nn_file_create(nn_file *file, const char *path, char error[NN_ERROR]);
int nn_file_write(nn_file *file, const void *bytes, size_t size, char error[NN_ERROR]);
/* Gives the written file another name as well (a hard link, or a copy where there are none), replacing what was there.
 */
int nn_file_also(nn_file *file, const char *path, char error[NN_ERROR]);
/* Syncs, moves to the final name, syncs the folder. Frees the file, also after an error. */
int nn_file_commit(nn_file *file, char error[NN_ERROR]);
/* Forgets what was written; the final name is untouched. */
void nn_file_abandon(nn_file *file);

/* All of the above for a text that is complete. */
int nn_file_replace(const char *path, const void *bytes, size_t size, char error[NN_ERROR]);
/* Adds to the end and makes it durable; after an error the file is as long as before. */
int nn_file_append(const char *path, const void *bytes, size_t size, char error[NN_ERROR]);
/* Makes a folder and its parents; one that exists and can be written to is fine. */
int nn_directory_make(const char *path, char error[NN_ERROR]);
int nn_file_exists(const char *path);
/* "folder/name" in memory of its own, or name alone if it begins with '/'; NULL when memory ran out. */
char *nn_path_join(const char *folder, const char *name);

#endif
