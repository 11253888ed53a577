/* fuzz.c: specs that are changed at random, and what nnc makes of them.
 *   fuzz NNC FOLDER SEED COUNT SECONDS BYTES SPEC...      BYTES: of address space, 0: no limit
 * In: specs; each run takes one (or parts of two), changes it and compiles it. Out: a line for each run that went wrong, and the
 * spec that did it in FOLDER. Wrong is: another exit code than 0 and 1, a signal, more time or memory than given, an error without
 * a message, a message with anything but text, C with a word of the spec outside of its literals and comments.
 * Invariant: the same SEED makes the same specs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LARGEST = 1 << 20, CHANGES = 3 };
static const char marker[] = "zqEVILqz"; /* a name that no spec and no runtime has */

typedef struct Text {
	char *bytes;
	size_t length;
} Text;

typedef struct Fuzz {
	const char *nnc, *folder;
	uint64_t state;
	int seconds;
	rlim_t bytes;
	Text *specs;
	int spec_count;
} Fuzz;

/* splitmix64 */
static uint64_t draw(Fuzz *fuzz)
{
	uint64_t z = fuzz->state += 0x9E3779B97F4A7C15u;
	z = (z ^ z >> 30)*0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27)*0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static size_t below(Fuzz *fuzz, size_t n) { return n ? (size_t)(draw(fuzz) % n) : 0; }

static Text read_file(const char *path)
{
	Text text = {0};
	FILE *file = fopen(path, "rb");
	if (!file) return text;
	text.bytes = malloc(LARGEST + 1);
	if (text.bytes) text.length = fread(text.bytes, 1, LARGEST, file);
	fclose(file);
	return text;
}

/* Puts `length` bytes in the place of `gone` bytes at `at`. */
static void replace(Text *text, size_t at, size_t gone, const char *bytes, size_t length)
{
	if (text->length - gone + length > LARGEST) return;
	memmove(text->bytes + at + length, text->bytes + at + gone, text->length - at - gone);
	memcpy(text->bytes + at, bytes, length);
	text->length += length - gone;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static const char *const pieces[] = {"\"", "'", "\\", "*/", "/*", "?\?/", "//", "\n", "\r\n", "\t", " ", "#", ": ", ":", "- ", "-", "[", "]", "{",
	"}", "(", ")", ",", "|", ">", "&a", "*a", "<<: ", "!!str ", "%", "@", "`", "\x01", "\x7F", "\xFF", "\xC3", "\xE2\x82\xAC", "\xEF\xBB\xBF", "0",
	"-1", "1e308", "1e999", "99999999999999999999", "2147483648", "9223372036854775807", "0.1", "1/0", "none", "true", "x", "batch", "pi",
	"training", "relu", "softmax", "Dense(8)", "Conv2D(8, 3)", "Flatten", "Dropout(0.5)", "Add()([x, x])", "[x for x in range(9)]",
	"range(1000000)", "reduce(f, 1, range(99))", "weight([8])", "reshape(x, [-1])", "if 1 else 2", "name='a\"b'", "name=while",
	"zqEVILqz", "zqEVILqz()", "name: zqEVILqz\n", "name=zqEVILqz", "'zqEVILqz\"*/'", "model:\n", "layers:\n", "train:\n", "graph:\n", "data:\n",
	"include: [a.yaml]\n", "params: {x: 1}\n", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "((((((((((((((((((((((((((((((((", "- - - - - - - - - - - - ",
	"------------------------------------------------------------------------", "x^x^x^x^x^x^x^x^x^x^x^x^x^x^x^x^x^x^x"};

static size_t line_start(const Text *text, size_t at)
{
	while (at && text->bytes[at - 1] != '\n') at--;
	return at;
}

static size_t line_length(const Text *text, size_t at)
{
	size_t end = at;
	while (end < text->length && text->bytes[end++] != '\n') continue;
	return end - at;
}

/* The number, name or sign that holds a byte. */
static void token(const Text *text, size_t at, size_t *begin, size_t *length)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	size_t end = at;
	while (at && memchr(word, text->bytes[at - 1], sizeof word - 1)) at--;
	while (end < text->length && memchr(word, text->bytes[end], sizeof word - 1)) end++;
	*begin = at;
	*length = end > at ? end - at : text->length > at;
}

static void change(Fuzz *fuzz, Text *text)
{
	size_t at = below(fuzz, text->length + 1), begin, length, line = line_start(text, at);
	const char *piece = pieces[below(fuzz, sizeof pieces/sizeof *pieces)];
	const Text *other = &fuzz->specs[below(fuzz, (size_t)fuzz->spec_count)];
	char byte = (char)draw(fuzz), copy[4096];
	switch (below(fuzz, 10)) {
	case 0: if (at < text->length) text->bytes[at] = byte; break;
	case 1: replace(text, at, 0, piece, strlen(piece)); break;
	case 2:
		token(text, at, &begin, &length);
		replace(text, begin, length, piece, strlen(piece));
		break;
	case 3: replace(text, line, line_length(text, line), "", 0); break;
	case 4: /* a line once more */
	case 5: /* a line of another spec */
		other = below(fuzz, 2) ? other : text;
		begin = line_start(other, below(fuzz, other->length));
		length = line_length(other, begin);
		if (length > sizeof copy) length = sizeof copy;
		memcpy(copy, other->bytes + begin, length);
		replace(text, line, 0, copy, length);
		break;
	case 6: text->length = at; break;
	case 7: replace(text, at, below(fuzz, text->length - at < 20 ? text->length - at + 1 : 20), "", 0); break;
	case 8: /* a token once more, many times */
		token(text, at, &begin, &length);
		if (length > 64) length = 64;
		memcpy(copy, text->bytes + begin, length);
		for (size_t n = below(fuzz, below(fuzz, 8) ? 8 : 3000); n; n--) replace(text, begin, 0, copy, length);
		break;
	default: /* more or less indented */
		if (below(fuzz, 2)) replace(text, line, 0, "  ", 1 + below(fuzz, 2));
		else if (line < text->length && text->bytes[line] == ' ') replace(text, line, 1, "", 0);
	}
}

/* --- what nnc makes of it ------------------------------------------------------------------------------------------ */

static int redirect(const char *path, int to)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	return file >= 0 && dup2(file, to) >= 0;
}

/* The status of one compile, as waitpid gives it. */
static int compile(const Fuzz *fuzz, const char *spec, const char *out, const char *err)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		struct rlimit time = {(rlim_t)fuzz->seconds, (rlim_t)fuzz->seconds + 1}, space = {fuzz->bytes, fuzz->bytes}, none = {0, 0};
		setrlimit(RLIMIT_CPU, &time);
		setrlimit(RLIMIT_CORE, &none);
		if (fuzz->bytes) setrlimit(RLIMIT_AS, &space);
		if (!redirect(out, STDOUT_FILENO) || !redirect(err, STDERR_FILENO)) _exit(99);
		execl(fuzz->nnc, "nnc", spec, "-o", "-", "--target=portable", (char *)NULL);
		_exit(99);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
	return status;
}

/* Is the marker a word of the C itself, outside of literals and comments? */
static bool escaped(const Text *c)
{
	enum { CODE, STRING, CHARACTER, COMMENT, LINE } where = CODE;
	for (size_t i = 0; i < c->length; i++) {
		const char *at = c->bytes + i;
		char next = i + 1 < c->length ? at[1] : 0;
		if (where == CODE && i + sizeof marker - 1 <= c->length && !memcmp(at, marker, sizeof marker - 1)) return true;
		if (where == CODE && *at == '"') where = STRING;
		else if (where == CODE && *at == '\'') where = CHARACTER;
		else if (where == CODE && *at == '/' && next == '*') where = COMMENT;
		else if (where == CODE && *at == '/' && next == '/') where = LINE;
		else if ((where == STRING || where == CHARACTER) && *at == '\\') i++;
		else if ((where == STRING && *at == '"') || (where == CHARACTER && *at == '\'')) where = CODE;
		else if (where == COMMENT && *at == '*' && next == '/') where = CODE, i++;
		else if (where == LINE && *at == '\n') where = CODE;
	}
	return where != CODE;
}

/* Does a spec name itself or a layer by the marker? Then it may stand in the C as a name. */
static bool names_itself(const Text *spec)
{
	for (size_t i = 0; i + sizeof marker - 1 <= spec->length; i++)
		if (!memcmp(spec->bytes + i, marker, sizeof marker - 1) && i >= 6 && !memcmp(spec->bytes + i - 6, "name: ", 6)) return true;
	return false;
}

static bool is_text(const Text *text)
{
	for (size_t i = 0; i < text->length; i++) {
		unsigned char c = (unsigned char)text->bytes[i];
		if ((c < 32 && c != '\n' && c != '\t') || c == 127) return false;
	}
	return true;
}

/* What is wrong with a compile, or NULL. */
static const char *judge(const Text *spec, int status, const Text *out, const Text *err)
{
	static char text[80];
	if (WIFSIGNALED(status)) return snprintf(text, sizeof text, "ended by signal %d", WTERMSIG(status)), text;
	int code = WEXITSTATUS(status);
	if (code > 1) return snprintf(text, sizeof text, "exit code %d", code), text;
	if (code == 1 && !err->length) return "an error without a message";
	if (!is_text(err)) return "a message with control characters";
	if (code == 1 && out->length) return "C for a wrong spec";
	if (code == 0 && !names_itself(spec) && escaped(out)) return "a word of the spec stands in the C";
	return NULL;
}

static bool run(Fuzz *fuzz, const char *name, const Text *spec, int *accepted)
{
	char path[600], out[600], err[600], kept[600];
	snprintf(path, sizeof path, "%s/now.yaml", fuzz->folder);
	snprintf(out, sizeof out, "%s/now.c", fuzz->folder);
	snprintf(err, sizeof err, "%s/now.txt", fuzz->folder);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(spec->bytes, 1, spec->length, file) != spec->length || fclose(file)) return perror(path), false;
	int status = compile(fuzz, path, out, err);
	Text c = read_file(out), messages = read_file(err);
	const char *wrong = judge(spec, status, &c, &messages);
	*accepted += status == 0;
	free(c.bytes);
	free(messages.bytes);
	if (!wrong) return true;
	snprintf(kept, sizeof kept, "%s/%s.yaml", fuzz->folder, name);
	rename(path, kept);
	printf("FAILED: %s: %s\n", kept, wrong);
	return false;
}

int main(int argc, char **argv)
{
	if (argc < 8) return fprintf(stderr, "usage: fuzz NNC FOLDER SEED COUNT SECONDS BYTES SPEC...\n"), 2;
	uint64_t seed = strtoull(argv[3], NULL, 10);
	int count = atoi(argv[4]), failed = 0, accepted = 0;
	Fuzz fuzz = {.nnc = argv[1], .folder = argv[2], .seconds = atoi(argv[5]), .bytes = (rlim_t)strtoull(argv[6], NULL, 10)};
	fuzz.specs = calloc((size_t)argc, sizeof *fuzz.specs);
	Text spec = {malloc(LARGEST + 1), 0};
	if (!fuzz.specs || !spec.bytes) return 3;
	for (int i = 7; i < argc; i++) {
		Text text = read_file(argv[i]);
		if (text.length) fuzz.specs[fuzz.spec_count++] = text;
	}
	if (!fuzz.spec_count) return fprintf(stderr, "fuzz: no spec can be read\n"), 2;
	for (int i = 0; i < count; i++) {
		char name[60];
		fuzz.state = seed*1000003u + (uint64_t)i;
		snprintf(name, sizeof name, "seed_%llu_%d", (unsigned long long)seed, i);
		const Text *from = &fuzz.specs[below(&fuzz, (size_t)fuzz.spec_count)];
		memcpy(spec.bytes, from->bytes, from->length);
		spec.length = from->length;
		for (size_t n = 1 + below(&fuzz, CHANGES); n; n--) change(&fuzz, &spec);
		failed += !run(&fuzz, name, &spec, &accepted);
	}
	printf("fuzz: %d specs, of which %d were accepted\n%d passed, %d failed\n", count, accepted, count - failed, failed);
	return failed > 0;
}
