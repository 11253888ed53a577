# make                      build/nnc, the compiler, and build/libnn.a, the runtime
# make generated/STEM       a trainer from specs/STEM.yaml (or SPEC=/any/path.yaml; NNCFLAGS="-D seed=7": further options)
# make demo                 installs what is missing, trains a network, shows what it learned   (DATA=folder, YES=1)
# make test                 everything   (YES=1)
# make reference            the tables of specs/README.md, from the library
# make bench                times beside PyTorch's   (NETWORKS="char_lstm mnist": of these)
# make install              nnc, header, library, man page   (PREFIX=/usr/local, DESTDIR=)
# make clean

# no rules but these: make's own would write compiler/expr.c from compiler/expr.y
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

ifeq ($(origin CC),default)
CC = gcc
endif
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wpedantic -Werror
STD      = -std=c11 -D_GNU_SOURCE
B        = build
VERSION  = 0.1.0
# generated C: the machine's own instructions, no change of meaning
ARCH    ?= -march=native
MODEL_CFLAGS ?= -O3 $(ARCH) -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math
NNCFLAGS ?=
COMPILER_LIBS = -lyaml -lm
RUNTIME_LIBS  = -lpng -ljpeg -lz -lcsv -lcjson -lm -lpthread

all: $(B)/nnc $(B)/libnn.a

# --- the compiler: every .c of compiler/, ops/ and kernels/; a family of ops/ and a kernel of kernels/ registers itself by existing
OPS      = $(sort $(wildcard compiler/ops/*.c))
KERNELS  = $(sort $(wildcard compiler/kernels/*.c))
KERNEL_NAMES = $(basename $(notdir $(shell grep -l '^const Kernel kernel_' $(KERNELS))))
PRELUDE  = $(sort $(wildcard compiler/prelude/*.yaml))
SOURCES  = $(filter-out compiler/main.c,$(sort $(wildcard compiler/*.c))) $(OPS) $(KERNELS)
GENERATED = $(B)/gen/expr.tab.c $(B)/gen/expr.lex.c $(B)/gen/registry.c $(B)/gen/prelude.c
OBJECTS  = $(SOURCES:%.c=$(B)/%.o) $(GENERATED:%.c=%.o)
COMPILE  = $(CC) $(STD) $(CFLAGS) $(WARN) -MMD -MP -Icompiler -I$(B)/gen -DNNC_VERSION='"$(VERSION)"'
COMPILE_RUNTIME = $(CC) $(STD) $(CFLAGS) $(WARN) -fopenmp -MMD -MP -Iruntime

# nnc scan, the one part of nnc that opens data, reads it with the runtime
SCAN     = $(sort $(wildcard compiler/scan/*.c))
$(B)/nnc: $(B)/compiler/main.o $(SCAN:%.c=$(B)/%.o) $(B)/libnnc.a $(B)/libnn.a
	$(CC) $(CFLAGS) -fopenmp -o $@ $^ $(COMPILER_LIBS) $(RUNTIME_LIBS)
$(B)/libnnc.a: $(OBJECTS) $(B)/files
	@rm -f $@ && ar rcs $@ $(OBJECTS)

$(B)/gen/expr.tab.c $(B)/gen/expr.tab.h &: compiler/expr.y | $(B)/gen
	bison -Wall -Werror -d -o $(B)/gen/expr.tab.c $<
$(B)/gen/expr.lex.c $(B)/gen/expr.lex.h &: compiler/expr.l $(B)/gen/expr.tab.h | $(B)/gen
	flex --header-file=$(B)/gen/expr.lex.h -o $(B)/gen/expr.lex.c $<
$(B)/compiler/expr.o $(B)/compiler/expr_read.o $(B)/gen/expr.tab.o $(B)/gen/expr.lex.o: $(B)/gen/expr.tab.h $(B)/gen/expr.lex.h
$(B)/gen/expr.lex.o: WARN += -Wno-unused-function -Wno-sign-compare

# the lists of families and kernels: ops/NAME.c defines op_family_NAME, kernels/NAME.c defines kernel_NAME
$(B)/gen/registry.c: $(B)/files Makefile | $(B)/gen
	@{ echo '#include "ops/ops.h"'; echo '#include "kernels/kernel.h"'; \
	  for f in $(basename $(notdir $(OPS))); do echo "extern const OpFamily op_family_$$f;"; done; \
	  echo 'const OpFamily *const op_families[] = {'; for f in $(basename $(notdir $(OPS))); do echo "	&op_family_$$f,"; done; echo '	NULL};'; \
	  for k in $(KERNEL_NAMES); do echo "extern const Kernel kernel_$$k;"; done; \
	  echo 'const Kernel *const kernels[] = {'; for k in $(KERNEL_NAMES); do echo "	&kernel_$$k,"; done; echo '	NULL};'; } > $@
$(B)/gen/prelude.c: $(PRELUDE) $(B)/files Makefile | $(B)/gen
	@{ echo '#include "build.h"'; for f in $(PRELUDE); do n=$$(basename $$f .yaml); \
	  echo "static const char text_$$n[] = {"; od -An -v -tu1 $$f | sed 's/[0-9][0-9]*/&,/g'; echo "0};"; done; \
	  echo 'const Source prelude_sources[] = {'; for f in $(PRELUDE); do n=$$(basename $$f .yaml); \
	  echo "	{\"prelude/$$n.yaml\", text_$$n, sizeof text_$$n - 1, true, NULL},"; done; echo '	{NULL, NULL, 0, true, NULL}};'; } > $@

$(B)/compiler/%.o: compiler/%.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<
$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags
	$(COMPILE) -c -o $@ $<
$(B)/gen:
	@mkdir -p $@

# a file that changes when the flags do, and with it whatever depends on it
export FLAGS_NOW = $(COMPILE) / $(COMPILE_RUNTIME)
export FILES_NOW = $(SOURCES) $(RUNTIME) $(PRELUDE) $(KERNEL_NAMES)
$(B)/flags: NOW = $$FLAGS_NOW
$(B)/files: NOW = $$FILES_NOW
$(B)/flags $(B)/files: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$(NOW)" | cmp -s - $@ || printf '%s\n' "$(NOW)" >$@

# --- the runtime
RUNTIME  = $(filter-out runtime/main.c,$(sort $(wildcard runtime/*.c)))
$(B)/libnn.a: $(RUNTIME:%.c=$(B)/%.o) $(B)/files
	@rm -f $@ && ar rcs $@ $(filter %.o,$^)
$(B)/runtime/%.o: runtime/%.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE_RUNTIME) -c -o $@ $<

# --- trainers: the model and, for selftest, the same model in double with its gradients
# build/generated/STEM/stamp holds the spec and the flags: it changes when they do; model.d names what the spec includes
SPEC = specs/$*.yaml
G    = $(B)/generated
COMPILE_MODEL = $(CC) $(STD) $(MODEL_CFLAGS) $(WARN) -Iruntime
MODEL_NAME = $$(sed -n 's/^extern const nn_model \([A-Za-z0-9_]*\)_model;.*/\1/p' generated/$*.h)
TRAINERS = $(sort $(patsubst specs/%.yaml,generated/%,$(wildcard specs/*.yaml)) \
	$(filter-out %.c %.h %.md,$(filter generated/%,$(MAKECMDGOALS))))
export TRAINER_FLAGS = $(COMPILE_MODEL) / $(NNCFLAGS)

$(TRAINERS): generated/%: generated/%.c generated/%.h $(G)/%/main.o $(G)/%/model.o $(G)/%/reference.o $(B)/libnn.a
	$(CC) $(CFLAGS) -fopenmp -o $@ $(filter %.o %.a,$^) $(RUNTIME_LIBS)
generated/%.c generated/%.h: $(G)/%/stamp $(B)/nnc
	$(B)/nnc "$(SPEC)" -o generated/$*.c -MD -MP -MF $(G)/$*/model.d $(NNCFLAGS)
$(G)/%/reference.c $(G)/%/reference.h: generated/%.h
	$(B)/nnc "$(SPEC)" -o $(G)/$*/reference.c --precision=f64 --gradients $(NNCFLAGS) -D name=$(MODEL_NAME)_reference
$(G)/%/model.o: generated/%.c generated/%.h
	$(COMPILE_MODEL) -c -o $@ $<
$(G)/%/reference.o: $(G)/%/reference.c
	$(subst -O3,-O1,$(COMPILE_MODEL)) -c -o $@ $<
$(G)/%/main.o: runtime/main.c generated/%.h $(B)/flags
	$(COMPILE_RUNTIME) -DNN_MODEL=$(MODEL_NAME)_model -DNN_REFERENCE=$(MODEL_NAME)_reference_model -c -o $@ $<
$(G)/%/stamp: FORCE
	@mkdir -p $(@D) generated
	@[ -r "$(SPEC)" ] || { echo "$(SPEC): there is no such spec; make generated/STEM SPEC=FILE.yaml names another" >&2; exit 1; }
	@{ printf '# %s\n' "$(SPEC)" "$$TRAINER_FLAGS"; cat "$(SPEC)"; } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.PRECIOUS: generated/%.c generated/%.h $(G)/%/reference.c $(G)/%/reference.h $(G)/%/model.o $(G)/%/reference.o $(G)/%/main.o $(G)/%/stamp

# --- what people type
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

demo:
	@.ci/packages.sh demo
	+@MAKE='$(MAKE) $(PARALLEL)' specs/demo.sh $(if $(DATA),'$(DATA)')

$(B)/demo/%: specs/data/%.c specs/data/dice.h specs/data/film.h runtime/nn_random.h $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(STD) $(CFLAGS) $(WARN) -o $@ $< -lpng -lm

# the tables of specs/README.md, between its two marks
reference: $(B)/nnc
	@awk -v nnc='$(B)/nnc --reference' '/<!-- reference: end -->/ { while ((nnc | getline line) > 0) print line; print ""; skip = 0 } \
	  !skip; /<!-- reference: begin -->/ { skip = 1 }' specs/README.md >$(B)/README.new && cat $(B)/README.new >specs/README.md

bench: $(B)/nnc $(B)/libnn.a
	+tests/bench/bench.sh

# --- tests: unit/test_NAME.c is a program of its own; a script is named in TEST_SCRIPTS; tests.mk files may add to both
TEST_PROGRAMS = $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
TEST_SCRIPTS  = $(wildcard tests/golden/run.sh tests/reference/run.sh tests/emitted/run.sh) $(sort $(wildcard tests/cli/test_*.sh))
COMPILE_TEST  = $(COMPILE) -fopenmp -Iruntime -Itests/unit
-include $(sort $(wildcard tests/tests.mk tests/*/tests.mk))

$(B)/tests/unit/%: tests/unit/%.c $(B)/libnnc.a $(B)/libnn.a $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE_TEST) -MF $@.d -MT $@ -o $@ $< $(B)/libnnc.a $(B)/libnn.a -lcmocka $(COMPILER_LIBS) $(RUNTIME_LIBS)
tests: $(TEST_PROGRAMS)

test:
	@.ci/packages.sh test
	+@MAKE='$(MAKE) $(PARALLEL)' B=$(B) PROGRAMS='$(TEST_PROGRAMS)' SCRIPTS='$(TEST_SCRIPTS)' tests/run.sh

# --- installing
PREFIX ?= /usr/local
DESTDIR ?=
I = "$(DESTDIR)$(PREFIX)"
install: $(B)/nnc $(B)/libnn.a
	install -d $I/bin $I/include $I/lib/pkgconfig $I/share/man/man1 $I/share/nnc
	install -m 755 $(B)/nnc $I/bin/
	install -m 644 runtime/nn.h runtime/nn_math.h runtime/nn_random.h $I/include/
	install -m 644 $(B)/libnn.a $I/lib/
	install -m 644 runtime/main.c $I/share/nnc/
	install -m 644 compiler/nnc.1 $I/share/man/man1/
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(RUNTIME_LIBS)|' runtime/nnc.pc.in >$I/lib/pkgconfig/nnc.pc

clean:
	rm -rf $(B)
	find generated -mindepth 1 ! -name README.md -delete

FORCE:
.PHONY: all demo reference bench tests test install clean FORCE

-include $(wildcard $(G)/*/model.d $(OBJECTS:.o=.d) $(B)/compiler/main.d $(SCAN:%.c=$(B)/%.d) $(RUNTIME:%.c=$(B)/%.d) $(TEST_PROGRAMS:=.d))
