/* test_reference.c: --schema and --reference hold what the library has: each definition with each of its arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include "reference.h"

typedef struct Printed {
	Context context;
	char *text;
	size_t length;
} Printed;

static Printed printed(void (*print)(Context *, FILE *))
{
	Printed p = {.context = {.arena = arena_new(), .messages = stderr}};
	FILE *out = open_memstream(&p.text, &p.length);
	print(&p.context, out);
	fclose(out);
	assert_int_equal(p.context.errors, 0);
	return p;
}

static void release(Printed *p)
{
	arena_free(p->context.arena);
	free(p->text);
}

/* The element of anyOf that is a mapping `Name: {..}`. */
static const cJSON *mapping_of(const cJSON *kind)
{
	const cJSON *one;
	cJSON_ArrayForEach(one, cJSON_GetObjectItem(kind, "anyOf"))
		if (cJSON_GetObjectItem(one, "properties")) return cJSON_GetObjectItem(one, "properties");
	return NULL;
}

static void schema_has_the_library(void **state)
{
	Printed p = printed(schema_print);
	Offers offers = build_offers(&p.context);
	cJSON *schema = cJSON_Parse(p.text);
	int checked = 0;
	assert_non_null(schema);
	const cJSON *kinds = cJSON_GetObjectItem(schema, "$defs");
	for (int i = 0; i < offers.count; i++) {
		const Offered *o = &offers.items[i];
		if (!strcmp(o->noun, "function")) continue;
		const cJSON *definition = cJSON_GetObjectItemCaseSensitive(mapping_of(cJSON_GetObjectItem(kinds, o->noun)), o->name);
		const cJSON *arguments = cJSON_GetObjectItem(definition, "properties");
		if (!definition) print_error("%s is not in the schema\n", o->name);
		assert_non_null(definition);
		for (int k = 0; k < o->argument_count; k++) assert_non_null(cJSON_GetObjectItemCaseSensitive(arguments, o->arguments[k].name));
		checked++;
	}
	assert_true(checked > 50);
	cJSON_Delete(schema);
	release(&p);
	(void)state;
}

static void schema_has_the_sections(void **state)
{
	Printed p = printed(schema_print);
	cJSON *schema = cJSON_Parse(p.text);
	const cJSON *top = cJSON_GetObjectItem(schema, "properties");
	const cJSON *data = cJSON_GetObjectItem(cJSON_GetObjectItem(top, "data"), "properties");
	const cJSON *source = cJSON_GetObjectItem(cJSON_GetObjectItem(data, "source"), "properties");
	const cJSON *train = cJSON_GetObjectItem(cJSON_GetObjectItem(top, "train"), "properties");
	assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(source, "type"), "enum"));
	assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(data, "split"), "properties"));
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(train, "epochs"), "minimum")->valueint, 1);
	const cJSON *loss = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetObjectItem(train, "loss"), "anyOf"), 0);
	assert_string_equal(cJSON_GetObjectItem(loss, "$ref")->valuestring, "#/$defs/loss");
	cJSON_Delete(schema);
	release(&p);
	(void)state;
}

static void reference_has_the_library(void **state)
{
	Printed p = printed(reference_print);
	Offers offers = build_offers(&p.context);
	for (int i = 0; i < offers.count; i++) {
		const char *wanted = arena_format(p.context.arena, offers.items[i].alias_of ? "`%s`" : "`%s(", offers.items[i].name);
		if (!strstr(p.text, wanted)) print_error("%s is not in the reference\n", wanted);
		assert_non_null(strstr(p.text, wanted));
	}
	release(&p);
	(void)state;
}

/* A reader learns of each layer, loss, .. what it does: by its doc, or by an expression that says it. */
static void definitions_are_described(void **state)
{
	Context context = {.arena = arena_new(), .messages = stderr};
	Offers offers = build_offers(&context);
	int missing = 0;
	for (int i = 0; i < offers.count; i++) {
		const Offered *o = &offers.items[i];
		if (!strcmp(o->noun, "function") || o->doc || o->body) continue;
		print_error("%s: %s needs a line `doc:`\n", o->file, o->name);
		missing++;
	}
	assert_int_equal(missing, 0);
	arena_free(context.arena);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(schema_has_the_library), cmocka_unit_test(schema_has_the_sections),
		cmocka_unit_test(reference_has_the_library), cmocka_unit_test(definitions_are_described)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
