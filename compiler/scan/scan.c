/* scan.c: in: a command line with paths; out: what kind of data that is, and the scanner for it.
 * Invariant: the kind follows from names and first bytes; nothing is written but --vocabulary's file. */
#include "scan.h"
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "../../runtime/data_text.h"
#include "scan_internal.h"

static const char scan_usage[] = "usage: nnc scan [--vocabulary FILE] [--tokens words|characters|bytes] [--encoding NAME] [--label COLUMN] PATH...\n";
const char *const scan_split_keys[3] = {"train", "validation", "test"};

void scan_word(nn_text *text, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+-";
	static const char *const taken[] = {"true", "false", "null", "yes", "no", "on", "off", "none"};
	int quote = !*word || word[strspn(word, plain)] || *word == '-';
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) quote |= strcasecmp(word, taken[i]) == 0;
	if (!quote) {
		nn_text_add(text, "%s", word);
		return;
	}
	nn_text_add(text, "\"");
	for (const char *c = word; *c; c++) {
		if (*c == '"' || *c == '\\') nn_text_add(text, "\\%c", *c);
		else if ((unsigned char)*c < 32 || *c == 127) nn_text_add(text, "\\x%02x", (unsigned)*c);
		else nn_text_add(text, "%c", *c);
	}
	nn_text_add(text, "\"");
}

void scan_words(nn_text *text, char *const *words, int count)
{
	nn_text_add(text, "[");
	for (int i = 0; i < count; i++) {
		if (i > 0) nn_text_add(text, ", ");
		scan_word(text, words[i]);
	}
	nn_text_add(text, "]");
}

int scan_print(nn_text *text)
{
	int failed = text->failed;
	if (failed) nn_error("out of memory");
	else if (text->length) fwrite(text->data, 1, text->length, stdout);
	nn_text_free(text);
	return failed;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double scan_quantile(double *values, int64_t count, double share)
{
	if (count == 0) return 0;
	qsort(values, (size_t)count, sizeof *values, compare_numbers);
	return values[(int64_t)(share * (double)(count - 1) + 0.5)];
}

int scan_token_kind(const ScanOptions *options, nn_token_kind otherwise)
{
	for (int k = 0; nn_token_kinds[k] && options->tokens; k++)
		if (strcmp(nn_token_kinds[k], options->tokens) == 0) return k;
	return options->tokens ? -1 : (int)otherwise;
}

static int is_folder(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* path/NAME for the first of names that is a folder. Free with free. */
static char *first_folder(const char *path, const char *const *names)
{
	for (; *names; names++) {
		char *folder = nn_join(path, *names);
		if (folder != NULL && is_folder(folder)) return folder;
		free(folder);
	}
	return NULL;
}

char *scan_split_folder(const char *path, int split)
{
	static const char *const names[3][6] = {{"train", "training", "Train", "Training"}, {"val", "validation", "valid", "dev", "Validation"},
		{"test", "testing", "Test", "Testing"}};
	return first_folder(path, names[split]);
}

/* The first file in a folder or the folders in it, two levels deep. Free with free. */
static char *first_file(const char *path, int depth)
{
	struct dirent **names;
	char *found = NULL;
	int count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char *inner = found == NULL && names[i]->d_name[0] != '.' ? nn_join(path, names[i]->d_name) : NULL;
		if (inner != NULL && !is_folder(inner)) found = inner;
		else {
			if (inner != NULL && depth > 0) found = first_file(inner, depth - 1);
			free(inner);
		}
		free(names[i]);
	}
	if (count >= 0) free(names);
	return found;
}

static int first_bytes(const char *path, uint8_t *bytes, size_t room, size_t *size)
{
	uint8_t *read;
	char why[NN_WHY];
	if (nn_slurp(path, room, &read, size, why)) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	memcpy(bytes, read, *size);
	free(read);
	return 0;
}

static int scan_folder(const ScanOptions *options, const char *path)
{
	static const char *const image_names[] = {"images", "image", "imgs", "Images", NULL};
	static const char *const mask_names[] = {"masks", "mask", "labels", "segmentations", "Masks", NULL};
	uint8_t head[8];
	size_t size;
	char *images = first_folder(path, image_names), *masks = images ? first_folder(path, mask_names) : NULL, *file = NULL;
	int failed = 1;
	if (masks != NULL) failed = scan_image_masks(path, images, masks);
	else if ((file = first_file(path, 2)) == NULL) nn_error("%s: no files in it", path);
	else if (first_bytes(file, head, sizeof head, &size) == 0)
		failed = nn_image_known(head, size) ? scan_image_classes(path) : scan_text_folder(options, path);
	free(images);
	free(masks);
	free(file);
	return failed;
}

static int ends_with(const char *path, const char *ending)
{
	size_t length = strlen(path), size = strlen(ending);
	if (length > 3 && strcasecmp(path + length - 3, ".gz") == 0) length -= 3;
	return length > size && strncasecmp(path + length - size, ending, size) == 0;
}

/* The separator that stands in every one of the first lines, as often in each; 0: none. */
static char find_separator(const char *path, const char *text, size_t size)
{
	static const char candidates[] = ",;\t|";
	if (ends_with(path, ".tsv")) return '\t';
	char best = 0;
	int most = 0;
	for (const char *c = candidates; *c; c++) {
		int first = -1, same = 1, lines = 0, quoted = 0, count = 0;
		for (size_t i = 0; i < size && lines < 20 && same; i++) {
			if (text[i] == '"') quoted = !quoted;
			if (text[i] == *c && !quoted) count++;
			if (text[i] != '\n' || quoted) continue;
			if (first < 0) first = count;
			same = count == first;
			count = 0;
			lines++;
		}
		if (same && lines > 1 && first > most) {
			most = first;
			best = *c;
		}
	}
	return best || !ends_with(path, ".csv") ? best : ',';
}

static int scan_file(const ScanOptions *options, const char *path)
{
	enum { LOOK = 1 << 16 };
	uint8_t head[LOOK];
	size_t size;
	if (first_bytes(path, head, LOOK, &size)) return 1;
	if (size == 0) {
		nn_error("%s: the file is empty", path);
		return 1;
	}
	if (nn_image_known(head, size)) {
		nn_error("%s: one image; scan a folder with one folder for each class, or with images/ and masks/", path);
		return 1;
	}
	if ((size > 6 && memcmp(head, "\x93NUMPY", 6) == 0) || (size > 4 && head[0] == 0 && head[1] == 0)) return scan_arrays(options);
	if (options->path_count == 1 && scan_is_sequences((const char *)head, size)) return scan_sequences(options, path);
	char separator = options->path_count == 1 && !ends_with(path, ".txt") ? find_separator(path, (const char *)head, size) : 0;
	return separator ? scan_table(options, path, separator) : scan_text(options);
}

static int wrong(const char *message)
{
	fprintf(stderr, "nnc scan: %s\n%s", message, scan_usage);
	return 2;
}

int scan_main(int argc, char **argv)
{
	static const struct option names[] = {{"vocabulary", 1, 0, 'v'}, {"tokens", 1, 0, 't'}, {"encoding", 1, 0, 'e'}, {"label", 1, 0, 'l'},
		{"help", 0, 0, 'h'}, {0, 0, 0, 0}};
	ScanOptions options = {0};
	for (int which; (which = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		if (which == 'v') options.vocabulary = optarg;
		else if (which == 't') options.tokens = optarg;
		else if (which == 'e') options.encoding = optarg;
		else if (which == 'l') options.label = optarg;
		else if (which == 'h') {
			fputs(scan_usage, stdout);
			return 0;
		} else
			return wrong("see nnc --help"); /* getopt said what is wrong */
	}
	if (options.tokens && scan_token_kind(&options, NN_WORDS) < 0) return wrong("--tokens is words, characters or bytes");
	options.paths = (const char *const *)argv + optind;
	options.path_count = argc - optind;
	if (options.path_count < 1) return wrong("no path given");
	for (int i = 1; i < options.path_count; i++)
		if (is_folder(options.paths[i])) return wrong("one folder at a time");
	int failed = is_folder(options.paths[0]) ? scan_folder(&options, options.paths[0]) : scan_file(&options, options.paths[0]);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "standard output: %s\n", strerror(errno));
		return 1;
	}
	return failed;
}
