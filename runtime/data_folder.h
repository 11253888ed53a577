/* data_folder.h: lists of files and folders. */
#ifndef NN_DATA_FOLDER_H
#define NN_DATA_FOLDER_H
#include "data_internal.h"

typedef struct FileItem {
	char *path;
	FileId id;
	int class; /* set by the caller of nn_walk through list->class */
} FileItem;

typedef struct FileList {
	FileItem *items;
	int64_t count, capacity;
	int class; /* of what is added next */
	int all; /* files of any kind, not images only */
	int64_t ignored; /* files that are no images */
	char *first_ignored;
} FileList;

/* Adds all images (files, if list->all) in a folder and the folders in it: files before folders, each by name. Hidden files, and files that neither
 * begin nor end as images do, are left out. 0, or 1 after an error. */
int nn_walk(const char *folder, FileList *list);
/* Adds one file whatever it is. 0 or 1. */
int nn_walk_file(const char *path, FileList *list);
void nn_file_list_free(FileList *list);
/* The names of the folders in a folder, sorted, hidden ones left out. 0, or 1 after an error. */
int nn_subfolders(const char *folder, char ***names, int *count);
/* folder/name; free with free. */
char *nn_join(const char *folder, const char *name);

#endif
