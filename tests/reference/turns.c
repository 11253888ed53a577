/* turns.c: in: a case of keras/turns.py; out: checks of steps in turn: the loss of each in every turn, and after the last turn all
 * weights and statistics, at one and at two threads.
 * Invariant: every program is fed what the file has for its turn, noise as well as data, so that nothing is drawn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reference.h"

enum { TURNS = 10 };

static int trains(const nn_program *program) { return !strncmp(program->name, "train.", 6); }

static int run_turns(Reference *reference, int threads)
{
	const nn_model *model = reference->model;
	for (int turn = 0; turn < TURNS; turn++)
		for (int p = 0; p < model->program_count; p++) {
			const nn_program *program = &model->programs[p];
			char given[80];
			if (!trains(program)) continue;
			snprintf(given, sizeof given, "turn%d/%.40s/", turn, program->name + 6);
			reference->given = given;
			int failed = program_run(reference, program, (uint64_t)turn, threads);
			if (!failed) check_output(reference, program, "loss", given, "loss", 0);
			reference->given = "";
			if (failed) return 1;
		}
	return 0;
}

void check_turns(Reference *reference)
{
	size_t bytes = reference->model->state_count*(size_t)reference->model->number_size;
	void *first = malloc(bytes);
	if (!first) exit(1);
	reference->tolerance = reference->model->number_size == 8 ? 1e-7 : 1e-4;
	rewind_state(reference);
	if (!run_turns(reference, 1)) {
		check_weights(reference, "turns/");
		memcpy(first, reference->state, bytes);
		rewind_state(reference);
		run_turns(reference, 2);
		check(reference, !memcmp(first, reference->state, bytes), "two threads give other bits than one");
	}
	free(first);
}
