/* output.c: in: a model or a text; out: FILE.c and FILE.h, or one file. Invariant: a file under its final name is always whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "output.h"

static int failed(const Context *context, const char *path)
{
	fprintf(context->messages, "%s: %s\n", path, strerror(errno));
	return 1;
}

static int put(int file, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(file, text, size);
		if (written < 0 && errno == EINTR) continue;
		if (written <= 0) return 1;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

static int write_directly(const Context *context, const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0) return failed(context, path);
	int wrong = put(file, text, strlen(text));
	if (close(file) || wrong) return failed(context, path);
	return 0;
}

/* Writes text whole to a new file beside path. Its name, or NULL after a message. */
static const char *write_temporary(const Context *context, const char *path, const char *text)
{
	const char *temporary = arena_format(context->arena, "%s.%ld.tmp", path, (long)getpid());
	int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file < 0) return failed(context, path), NULL;
	int wrong = put(file, text, strlen(text)) || fsync(file);
	int reason = errno;
	if (close(file) && !wrong) wrong = 1, reason = errno;
	if (!wrong) return temporary;
	unlink(temporary);
	errno = reason;
	return failed(context, path), NULL;
}

/* Both files or, unless the disk fails between two renames, neither. */
static int write_both(const Context *context, const char *paths[2], const char *texts[2])
{
	const char *temporary[2] = {NULL, NULL};
	int wrong = 0;
	for (int i = 0; i < 2 && !wrong; i++) wrong = !(temporary[i] = write_temporary(context, paths[i], texts[i]));
	for (int i = 0; i < 2 && !wrong; i++)
		if (rename(temporary[i], paths[i])) wrong = failed(context, paths[i]);
	for (int i = 0; i < 2 && wrong; i++)
		if (temporary[i]) unlink(temporary[i]);
	return wrong;
}

const char *output_header(Arena *arena, const char *path)
{
	size_t length = strlen(path);
	if (length > 2 && !strcmp(path + length - 2, ".c")) length -= 2;
	return arena_format(arena, "%.*s.h", (int)length, path);
}

int output_text(const Context *context, const char *path, const char *text)
{
	struct stat there;
	if (!stat(path, &there) && !S_ISREG(there.st_mode)) return write_directly(context, path, text);
	const char *temporary = write_temporary(context, path, text);
	if (!temporary) return 1;
	return rename(temporary, path) ? unlink(temporary), failed(context, path) : 0;
}

int output_write(const Model *model, const char *path)
{
	const Context *context = model->context;
	bool printed = !strcmp(path, "-");
	const char *header = printed ? arena_format(context->arena, "%s.h", model->spec->name) : output_header(context->arena, path);
	const char *text = emit_source(model, c_string(context->arena, text_tail(header)));
	if (printed) return put(STDOUT_FILENO, text, strlen(text)) ? failed(context, "standard output") : 0;
	struct stat there;
	if (!stat(path, &there) && !S_ISREG(there.st_mode)) return write_directly(context, path, text);
	size_t length = strlen(path);
	if (length < 3 || strcmp(path + length - 2, ".c")) {
		fprintf(context->messages, "%s: error: C goes to a file whose name ends in .c, its header beside it; -o FILE.c\n", path);
		return 1;
	}
	return write_both(context, (const char *[]){header, path}, (const char *[]){emit_header(model), text});
}

int output_replace(const Context *context, const char *path, const char *text)
{
	char *file = realpath(path, NULL); /* a link stays one */
	struct stat there;
	if (!file || stat(file, &there)) return free(file), failed(context, path);
	const char *temporary = write_temporary(context, file, text);
	int wrong = !temporary;
	if (temporary && (chmod(temporary, there.st_mode & 07777) || rename(temporary, file))) wrong = failed(context, path);
	if (temporary && wrong) unlink(temporary);
	free(file);
	return wrong;
}
